// Pages of links in Chromium, without scripts, as on a phone. Reads `{ files, pages: [{ name, path }], downloads }` as
// JSON from stdin: the files' host, what to open, an empty folder. Writes for each page what a person and the browser see:
// `{ name, status, messages, failed, overflow, heading, image, sound, text, focus, colours }`, and of its download, by the
// first thing that leads to one, `{ file, bytes }`. The first argument is the folder of the packages.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium } = createRequire(`${process.argv[2]}/`)("playwright-core");
const { files, pages, downloads } = JSON.parse(readFileSync(0, "utf8"));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});

async function seen({ name, path }) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  const messages = [];
  const failed = [];
  // What the browser has to say: a policy that is broken, above all.
  page.on("console", (message) => messages.push(message.text()));
  page.on("requestfailed", (request) => failed.push(`${request.failure()?.errorText} ${request.resourceType()}`));
  const reply = await page.goto(`http://${files}${path}`, { waitUntil: "load" });
  const colours = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    colours.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  const sound = page.locator("audio");
  if (await sound.count()) await until(() => sound.evaluate((it) => it.readyState > 0 || it.error !== null));
  const facts = await page.evaluate(() => {
    const media = document.querySelector("audio");
    return {
      overflow: document.documentElement.scrollWidth - innerWidth,
      heading: document.querySelector("h1")?.textContent ?? null,
      image: document.querySelector("img")?.naturalWidth ?? null,
      sound: media && { seconds: media.duration, error: media.error?.message ?? null },
      text: document.querySelector("pre")?.textContent ?? null,
    };
  });
  // What the keyboard reaches, in its order.
  const focus = [];
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const it = document.activeElement;
      return it === document.body ? "" : `${it.localName} ${it.getAttribute("aria-label") ?? it.textContent.trim().slice(0, 40)}`;
    });
    if (!at) break;
    focus.push(at);
  }
  // A navigation that becomes a download is one that fails, to the browser.
  const loaded = { messages: [...messages], failed: [...failed] };
  const way = page.locator(".act a, .act button").first();
  let download = null;
  if (await way.count()) {
    const [started] = await Promise.all([page.waitForEvent("download", { timeout: 20_000 }), way.click()]);
    const kept = join(downloads, `${name}.bin`);
    await started.saveAs(kept);
    download = { file: started.suggestedFilename(), bytes: readFileSync(kept).length };
  }
  await context.close();
  return { name, status: reply.status(), ...loaded, ...facts, focus, colours, download };
}

async function until(is) {
  const end = Date.now() + 10_000;
  while (!(await is()) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
}

const all = [];
for (const page of pages) all.push(await seen(page));
process.stdout.write(JSON.stringify(all));
await browser.close();
process.exit(0);
