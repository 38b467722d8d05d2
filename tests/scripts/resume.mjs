// A download in Chromium that is cut off and resumed by the person's click in its list of downloads. Reads
// `{ files, path, cutAfter, folder }` as JSON from stdin: the files' host, the path of the download, after how many
// bytes the first connection is cut, an empty folder. Writes `{ requests: [{ method, range, ifRange, status }], file, state }`.
// The first argument is the folder of the packages.
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium } = createRequire(`${process.argv[2]}/`)("playwright-core");
const { files, path, cutAfter, folder } = JSON.parse(readFileSync(0, "utf8"));

// Between Chromium and the edge: notes each request, and cuts the first reply.
const requests = [];
const proxy = http.createServer((request, response) => {
  const [hostname, port] = files.split(":");
  const headers = { ...request.headers, host: files };
  const onward = http.request({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
    if (request.url === path) {
      const { range, "if-range": ifRange } = request.headers;
      requests.push({ method: request.method, range, ifRange, status: answer.statusCode });
    }
    response.writeHead(answer.statusCode, answer.headers);
    if (request.url !== path || requests.length > 1) return answer.pipe(response);
    let sent = 0;
    answer.on("data", (chunk) => {
      response.write(chunk.subarray(0, Math.max(0, cutAfter - sent)));
      sent += chunk.length;
      if (sent >= cutAfter) {
        answer.destroy();
        // What was written is to arrive before the end.
        setTimeout(() => response.socket.destroy(), 300);
      }
    });
  });
  onward.on("error", () => response.destroy());
  onward.end();
});
await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${proxy.address().port}`;

const context = await chromium.launchPersistentContext(join(folder, "profile"), {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: false, // the new headless mode, which has the list of downloads
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic"],
});
const page = context.pages()[0] ?? (await context.newPage());
const session = await context.browser().newBrowserCDPSession().catch(() => context.newCDPSession(page));
await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
let state = "none";
let file = "";
session.on("Browser.downloadWillBegin", (event) => (file = event.suggestedFilename));
session.on("Browser.downloadProgress", (event) => (state = event.state));

const until = async (is, limit) => {
  const end = Date.now() + limit;
  while (!(await is()) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
};
await page.goto(address + path).catch(() => {}); // a download is no page
await until(() => state === "canceled" || requests.length > 1, 10_000);
if (state !== "completed" && requests.length === 1) {
  const list = await context.newPage();
  await list.goto("chrome://downloads/");
  // Playwright's selectors look into open shadow trees.
  await list.getByRole("button", { name: /resume/i }).first().click({ timeout: 5_000 }).catch(() => {});
}
await until(() => state === "completed", 15_000);
process.stdout.write(JSON.stringify({ requests, file, state }));
await context.close();
process.exit(0);
