// Uploads that are interrupted, in Chromium. Reads `{ page, s3, key, log, case }` as JSON from stdin: URLs of the page and
// the bucket, an API key, the bucket's access log, and which of the cases below; a case that fails ends the script with its
// reason. The first argument is the folder of the packages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MIB, answer, assertClean, makeFile, sha256Of, until } from "./web/browser.mjs";
import { SLOW, arrived, assertArrived, choose, press, reaches, row, throttle, withGuest } from "./web/guest.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const PARTS = 7;
const SIZE = 6 * 16 * MIB + 12_345;

const cases = {
  // A reload, and then a crash, in the middle: what has arrived is not sent again.
  async reload(guest) {
    const { me, link, folder, tab } = guest;
    const path = makeFile(folder, "film.mkv", SIZE, 1);
    const first = await tab();
    await throttle(first, SLOW);
    await choose(first, path);
    await arrived(first, 1);
    await first.reload();
    await unfinished(first, "film.mkv");
    const before = first.sent.length;
    await throttle(first, SLOW);
    await choose(first, path);
    await arrived(first, before + 2);
    await first.goto("chrome://crash").catch(() => {});
    await first.close();
    const second = await tab();
    await unfinished(second, "film.mkv");
    await choose(second, path);
    await reaches(second, "film.mkv", "done");
    await assertArrived(me, link, await sha256Of(path));
    once(link);
    assert.equal(await second.locator(".send-unfinished").count(), 0);
    assertClean(second);
  },

  // The same name and size, but not what was sent before: it is sent whole.
  async changed(guest) {
    const { me, link, folder, tab } = guest;
    const page = await tab();
    await throttle(page, SLOW);
    await choose(page, makeFile(folder, "film.mkv", SIZE, 2));
    await arrived(page, 1);
    await page.reload();
    await unfinished(page, "film.mkv");
    page.sent.length = 0;
    const path = makeFile(folder, "film.mkv", SIZE, 3);
    await choose(page, path);
    await reaches(page, "film.mkv", "done");
    assert.equal(page.sent.length, PARTS);
    const files = await me.files(link.folder);
    assert.equal(files.length, 1);
    assert.equal(await me.download(files[0]), await sha256Of(path));
    // The other one is still there to go on with, and can be thrown away.
    await page.reload();
    await unfinished(page, "film.mkv");
    assert.equal((await me.open(link.folder)).length, 1);
    await page.getByRole("button", { name: "Discard: film.mkv" }).click();
    await until("it is gone", async () => (await me.open(link.folder)).length === 0);
    await until("it is not shown", async () => (await page.locator(".send-unfinished").count()) === 0);
    assertClean(page);
  },

  // No network for a while, in the middle.
  async offline(guest) {
    const { me, link, folder, tab, line } = guest;
    const path = makeFile(folder, "film.mkv", SIZE, 4);
    const page = await tab();
    await throttle(page, SLOW);
    await choose(page, path);
    await arrived(page, 1);
    await throttle(page, SLOW, true);
    line.cut();
    await reaches(page, "film.mkv", "stalled");
    await until("it is said", async () => /You are offline/.test(await row(page, "film.mkv").innerText()));
    const before = page.sent.length;
    // Longer than the first waits between two tries: none is made.
    await page.waitForTimeout(4_000);
    assert.equal(page.sent.length, before);
    line.mend();
    await throttle(page, SLOW);
    await reaches(page, "film.mkv", "done");
    await assertArrived(me, link, await sha256Of(path));
    // What was acknowledged is not sent again. (A part whose answer was cut off is, though the bucket has it.)
    assert.deepEqual([...page.sent].sort((a, b) => a - b), Array.from({ length: PARTS }, (_, at) => at + 1));
    assertClean(page);
  },

  // Every URL that came with the grant has run out when it is used. Injected: its date is made an old one, and S3 refuses it.
  async expired(guest) {
    const { me, link, folder, tab } = guest;
    const path = makeFile(folder, "film.mkv", SIZE, 5);
    const page = await tab();
    let refused = 0;
    await page.route(/partNumber=/, (route) => {
      if (route.request().method() !== "PUT" || page.asked.includes("uploads/parts")) return route.continue();
      refused += 1;
      return route.continue({ url: route.request().url().replace(/X-Amz-Date=\d{8}/, "X-Amz-Date=20200101") });
    });
    await choose(page, path);
    await reaches(page, "film.mkv", "done");
    assert.ok(refused > 0);
    assert.deepEqual(page.asked.filter((name) => name === "uploads/parts").length, 1, "one question for all of them");
    await assertArrived(me, link, await sha256Of(path));
    once(link);
    assertClean(page);
  },

  // A part of which no byte gets through. Injected: its request is held, and the page's clock is put forward.
  async stall(guest) {
    const { me, link, folder, tab } = guest;
    const path = makeFile(folder, "film.mkv", SIZE, 6);
    const page = await tab();
    await page.clock.install();
    await page.reload();
    let held = 0;
    await page.route(/partNumber=3&/, (route) => {
      if (route.request().method() !== "PUT" || held++) return route.continue();
    });
    await choose(page, path);
    await arrived(page, PARTS - 1);
    await page.clock.fastForward(7_000);
    await reaches(page, "film.mkv", "stalled");
    await page.clock.fastForward(25_000);
    await page.clock.fastForward(3_000);
    await reaches(page, "film.mkv", "done");
    assert.ok(held >= 2);
    await assertArrived(me, link, await sha256Of(path));
    assertClean(page);
  },

  // Two tabs and one file: one sends it, the other says so, and takes over when the first is gone.
  async tabs(guest) {
    const { me, link, folder, tab } = guest;
    const path = makeFile(folder, "film.mkv", SIZE, 7);
    const first = await tab();
    await throttle(first, SLOW);
    await choose(first, path);
    await arrived(first, 1);
    const second = await tab();
    await second.waitForTimeout(300);
    assert.equal(await second.locator(".send-unfinished").count(), 0, "it is not offered while another tab sends it");
    await choose(second, path);
    await reaches(second, "film.mkv", "failed");
    assert.match(await row(second, "film.mkv").innerText(), /on its way already/);
    await first.close();
    await until("the browser knows that it is gone", () => second.evaluate(async () => (await navigator.locks.query()).held.length === 0));
    await press(second, "Try again", "film.mkv");
    await reaches(second, "film.mkv", "done");
    await assertArrived(me, link, await sha256Of(path));
    once(link);
    assertClean(first, second);
  },

  // The upload is thrown away on the other side, in the middle: it begins anew.
  async thrown(guest) {
    const { me, link, folder, tab } = guest;
    const path = makeFile(folder, "film.mkv", SIZE, 8);
    const page = await tab();
    const granted = page.waitForResponse((reply) => reply.url().endsWith("/api/v1/uploads") && reply.status() === 201);
    await throttle(page, SLOW);
    await choose(page, path);
    const { upload } = await (await granted).json();
    await arrived(page, 1);
    const reply = await fetch(`${input.page}/api/v1/uploads/abort`, {
      method: "POST",
      headers: { Authorization: `Bearer ${link.token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ upload }),
    });
    assert.equal(reply.status, 204);
    await throttle(page, -1);
    await reaches(page, "film.mkv", "done");
    await assertArrived(me, link, await sha256Of(path));
    assertClean(page);
  },
};

/** The upload of before is offered. */
function unfinished(page, name) {
  return page.locator(".send-unfinished").filter({ hasText: name }).waitFor();
}

/** As the bucket has it, every part has arrived, and none of them twice. */
function once(link) {
  const requests = readFileSync(input.log, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  const isPart = ({ method, path, query_keys, status }) => (
    method === "PUT" && status === 200 && path.includes(link.folder) && query_keys.includes("partNumber")
  );
  assert.equal(requests.filter(isPart).length, PARTS);
}

await withGuest(input, cases[input.case]);
answer({ passed: input.case });
process.exit(0);
