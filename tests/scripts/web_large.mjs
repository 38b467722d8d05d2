// A large file with flat memory, in Chromium. Reads `{ page, s3, key, mebibytes }` as JSON from stdin; writes how much memory
// the browser's processes held at most, over what they held before: `{ bytes, growth, seconds }`. The first argument is the
// folder of the packages.
import { readFileSync, readdirSync, statfsSync } from "node:fs";
import { MIB, answer, assertClean, makeFile, until } from "./web/browser.mjs";
import { choose, reaches, row, withGuest } from "./web/guest.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const size = input.mebibytes * MIB + 17;

/** Bytes of memory, not of cached files, that this script's browser holds in all of its processes. */
function held() {
  const parents = new Map();
  const memory = new Map();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${id}/status`, "utf8");
      const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      parents.set(id, String(kilobytes("PPid")));
      memory.set(id, (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1024);
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (id) => id !== undefined && (id === String(process.pid) || isOurs(parents.get(id)));
  return [...memory].filter(([id]) => id !== String(process.pid) && isOurs(id)).reduce((sum, [, bytes]) => sum + bytes, 0);
}

await withGuest(input, async ({ me, link, folder, tab }) => {
  const disk = statfsSync(folder);
  if (disk.bavail * disk.bsize < 3 * size) throw new Error(`${folder} has no room for the file twice`);
  const page = await tab();
  const path = makeFile(folder, "large.bin", size, 21);
  await choose(page, { name: "warm.txt", mimeType: "text/plain", buffer: Buffer.alloc(100_000) });
  await reaches(page, "warm.txt", "done");
  const before = held();
  let most = before;
  const started = Date.now();
  await choose(page, path);
  await until("it is sent", async () => {
    most = Math.max(most, held());
    const state = await row(page, "large.bin").getAttribute("data-state");
    return state === "done" || (await page.locator("main").innerText());
  }, 80_000 + input.mebibytes * 60);
  const seconds = (Date.now() - started) / 1_000;
  const file = (await me.files(link.folder)).find(({ name }) => name === "large.bin");
  assertClean(page);
  answer({ bytes: file.size, growth: most - before, seconds });
});
process.exit(0);
