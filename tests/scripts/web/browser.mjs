// Chromium on the page, for the scripts that use it as people do. What the browser itself complains of, a policy that is
// broken above all, fails a script.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, openSync, rmSync, writeSync, closeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(`${process.argv[2]}/`)("playwright-core");

export const MIB = 1024 * 1024;

/** A browser, to be closed by `close`. `folder` keeps files for it. */
export async function start(more = []) {
  const folder = mkdtempSync(join(tmpdir(), "clouddrop-web-"));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", ...more],
  });
  const close = async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { browser, folder, close };
}

/** A page whose faults are kept in `page.faults`; `context` may be shared with another tab. */
export async function open(context, url, { expected = [] } = {}) {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.faults = [];
  const known = (text) => expected.some((pattern) => pattern.test(text));
  page.on("pageerror", (error) => page.faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !known(message.text())) page.faults.push(message.text());
  });
  await page.goto(url);
  return page;
}

/** Nothing that the browser complains of. */
export function assertClean(...pages) {
  for (const page of pages) assert.deepEqual(page.faults, []);
}

/** Waits until `is` is true, or fails with what it said last. */
export async function until(what, is, milliseconds = 30_000) {
  const end = Date.now() + milliseconds;
  let last;
  do {
    last = await is();
    if (last === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  assert.fail(`${what}: ${JSON.stringify(last)}`);
}

/** A file of `size` bytes that follow from `seed`, its path. Written a MiB at a time. */
export function makeFile(folder, name, size, seed = 1) {
  const path = join(folder, name);
  const file = openSync(path, "w");
  const block = Buffer.alloc(MIB);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let left = size; left > 0; left -= MIB) {
    // Each block begins differently, and no two words of it are the same.
    for (let at = 0; at < MIB; at += 4) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      block.writeUInt32LE(state, at);
    }
    writeSync(file, block, 0, Math.min(left, MIB));
  }
  closeSync(file);
  return path;
}

export async function sha256Of(path) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** The API, as the owner. */
export function owner({ page, key }) {
  const call = async (method, path, body) => {
    const reply = await fetch(`${page}/api/v1/${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    const json = await reply.json().catch(() => null);
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${JSON.stringify(json)}`);
    return json;
  };
  return {
    call,
    uploadLink: (terms = {}) => call("POST", "upload-links", { expires_in: "1h", ...terms }),
    /** All files that lie in the folder of an upload link. */
    files: async (folder) => (await call("GET", "files?limit=200")).items.filter(({ key: name }) => name.includes(folder)),
    /** Uploads into it that are not complete. */
    open: async (folder) => (await call("GET", "uploads?limit=200")).items.filter(({ key: name }) => name.includes(folder)),
    /** Downloads a file by a link, as whoever gets it does: SHA-256 of it. */
    download: async (file) => {
      const { download } = await call("POST", "shares", { key: file.key, expires_in: "1h" });
      const hash = createHash("sha256");
      for await (const chunk of (await fetch(download)).body) hash.update(chunk);
      return hash.digest("hex");
    },
  };
}

/** Answers the test that has started the script. */
export function answer(facts) {
  process.stdout.write(JSON.stringify(facts));
}
