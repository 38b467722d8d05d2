// The queue in Chromium: what can be chosen, dropped and pasted, what people do meanwhile, and what the service refuses.
// Reads `{ page, s3, key, case }` as JSON from stdin: URLs of the page and the bucket, an API key, and which of the cases
// below; a case that fails ends the script with its reason. The first argument is the folder of the packages.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MIB, answer, assertClean, makeFile, sha256Of, until } from "./web/browser.mjs";
import { SLOW, arrived, assertArrived, choose, press, reaches, row, throttle, withGuest } from "./web/guest.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const SIZE = 6 * 16 * MIB + 12_345;

const HOSTILE = [
  "<img src=x onerror=alert(1)>.txt",
  "\"><script>alert(2)</script>.html",
  "invoice\u202egpj.exe",
  "line\nbreak\tand\u0000nul.txt",
  "..",
  ".htaccess",
  "a\\b\\c.txt",
  "100%25%2F..%2f.txt",
  "javascript:alert(3)",
  "{texts.name} ${name} {{name}}",
  "\ud83d\ude80 Grüße 字.txt",
  "half \ud83d surrogate.txt",
  `${"字".repeat(120)}.pdf`,
  " spaces at both ends ",
  "CON",
];

const cases = {
  // Names of strangers are text, and files of any name arrive.
  async names({ me, link, tab }) {
    const page = await tab();
    await choose(page, HOSTILE.map((name, at) => ({ name, mimeType: "text/html", buffer: Buffer.from(`<b>${at}</b>`) })));
    await allDone(page, HOSTILE.length);
    assert.equal(await page.locator("main img, main script, main b").count(), 0);
    assert.equal((await page.locator("main").innerText()).includes("\u202e"), false);
    const files = await me.files(link.folder);
    assert.equal(files.length, HOSTILE.length);
    const sent = new Set(files.map(({ name }) => name));
    for (const name of [HOSTILE[0], HOSTILE[2], HOSTILE[5], HOSTILE[7], HOSTILE[10]]) assert.ok(sent.has(name), `${name} of ${[...sent].join(" | ")}`);
    for (const name of ["\"><script>alert(2)<_script>.html", "line_break_and_nul.txt", "half \ufffd surrogate.txt", `${"字".repeat(83)}.pdf`]) assert.ok(sent.has(name), `${name} of ${[...sent].join(" | ")}`);
    for (const file of files) assert.match(file.crc64nvme, /=$/);
    assertClean(page);
  },

  // A folder that is picked, and one that is dropped, keep what is in them apart; the same name twice is two files.
  async folders({ me, link, folder, tab }) {
    const trip = join(folder, "trip");
    mkdirSync(join(trip, "day 1", "raw"), { recursive: true });
    for (const [at, name] of ["a.txt", "day 1/a.txt", "day 1/raw/ä.txt", "empty.txt"].entries()) makeFile(trip, name, name === "empty.txt" ? 0 : 100 + at, at);
    const page = await tab();
    await page.setInputFiles("[data-for=folder]", trip);
    await allDone(page, 4);
    const names = async () => (await me.files(link.folder)).map(({ key }) => key.split("/").slice(3).join("/")).sort();
    assert.deepEqual(await names(), ["trip/a.txt", "trip/day 1/a.txt", "trip/day 1/raw/ä.txt", "trip/empty.txt"]);
    await page.getByRole("button", { name: "Clear finished" }).click();
    await drop(page, [trip, makeFile(folder, "single.txt", 10, 9)]);
    await allDone(page, 5);
    assert.equal((await names()).filter((name) => name === "trip/day 1/raw/ä.txt").length, 2);
    assert.ok((await names()).includes("single.txt"));
    // Pasted, as a screenshot is: twice by the same name.
    await page.getByRole("button", { name: "Clear finished" }).click();
    await page.evaluate(() => {
      const clipboardData = new DataTransfer();
      for (const text of ["one", "two"]) clipboardData.items.add(new File([text], "image.png", { type: "image/png" }));
      window.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
    });
    await allDone(page, 2);
    const pasted = (await names()).filter((name) => name.startsWith("image"));
    assert.deepEqual(pasted, ["image (2).png", "image.png"]);
    assertClean(page);
  },

  // Paused and continued; cancelled; and what waits behind goes on.
  async control({ me, link, folder, tab }) {
    const path = makeFile(folder, "film.mkv", SIZE, 11);
    const page = await tab();
    await throttle(page, SLOW);
    await choose(page, [path, makeFile(folder, "other.mkv", SIZE, 12)]);
    await arrived(page, 1);
    await press(page, "Pause", "film.mkv");
    await reaches(page, "film.mkv", "paused");
    // The button that was pressed has become the one that continues, and still has the focus.
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^Continue: film/);
    await press(page, "Cancel", "other.mkv");
    await until("it is gone from the list", async () => (await row(page, "other.mkv").count()) === 0);
    await until("what had arrived of it is thrown away", async () => (await me.open(link.folder)).length === 1);
    const before = page.sent.length;
    await page.waitForTimeout(1_500);
    assert.equal(page.sent.length, before, "nothing is sent meanwhile");
    await press(page, "Continue", "film.mkv");
    await reaches(page, "film.mkv", "done");
    await assertArrived(me, link, await sha256Of(path));
    await page.reload();
    await page.waitForTimeout(300);
    assert.equal(await page.locator(".send-unfinished").count(), 0);
    assertClean(page);
  },

  // Bytes that change on the way. Injected: a bit of the file is turned, in a part and in a PUT of the whole.
  async damaged({ me, link, folder, tab, line }) {
    const page = await tab();
    for (const [name, size, count] of [["small.bin", 3 * MIB, 1], ["film.mkv", SIZE, 1]]) {
      line.corrupt(1);
      const path = makeFile(folder, name, size, 13);
      await choose(page, path);
      await reaches(page, name, "failed");
      assert.match(await row(page, name).innerText(), /arrived changed and was thrown away/);
      assert.deepEqual([await me.files(link.folder), await me.open(link.folder)].map(({ length }) => length), [count - 1, 0]);
      await press(page, "Try again", name);
      await reaches(page, name, "done");
      const [file] = await me.files(link.folder);
      assert.equal(await me.download(file), await sha256Of(path));
      await fetch(`${input.page}/api/v1/files/${file.id}`, { method: "DELETE", headers: { Authorization: `Bearer ${input.key}` } });
    }
    assertClean(page);
  },

  // Answers that are lost. Injected: each call is made, and its answer thrown away, the first time; of the bucket, too.
  async answers({ me, link, folder, tab, line }) {
    const page = await tab();
    await page.getByText("Choose files").waitFor();
    const lost = new Set();
    await page.route(/\/api\/v1\/uploads/, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (lost.has(pathname)) return route.continue();
      lost.add(pathname);
      assert.ok((await route.fetch()).ok(), pathname);
      await route.abort("connectionreset");
    });
    line.lose(1);
    await page.reload();
    const path = makeFile(folder, "small.bin", 100_000, 15);
    await choose(page, path);
    await reaches(page, "small.bin", "done");
    assert.deepEqual([...lost], ["/api/v1/uploads/terms", "/api/v1/uploads", "/api/v1/uploads/complete"]);
    assert.equal(line.toLose(), 0);
    await assertArrived(me, link, await sha256Of(path));
    const film = makeFile(folder, "film.mkv", SIZE, 16);
    line.lose(2);
    await choose(page, film);
    await reaches(page, "film.mkv", "done");
    assert.equal(line.toLose(), 0);
    const files = await me.files(link.folder);
    assert.deepEqual(files.map(({ name }) => name).sort(), ["film.mkv", "small.bin"]);
    assert.equal(await me.download(files.find(({ name }) => name === "film.mkv")), await sha256Of(film));
    assertClean(page);
  },

  // What the link does not take is refused in words, and what it takes arrives.
  async refused({ me, link, browser, folder, tab }) {
    const page = await tab();
    const png = { name: "dot.png", mimeType: "image/png", buffer: Buffer.from("png") };
    await choose(page, [{ ...png, name: "large.png", buffer: Buffer.alloc(2_000) }, { ...png, name: "page.html", mimeType: "text/html" }]);
    await reaches(page, "large.png", "failed");
    assert.match(await row(page, "large.png").innerText(), /larger than is taken here/);
    await reaches(page, "page.html", "failed");
    assert.match(await row(page, "page.html").innerText(), /type are not taken here/);
    await choose(page, [png]);
    await reaches(page, "dot.png", "done");
    await choose(page, [{ ...png, name: "second.png" }]);
    await reaches(page, "second.png", "failed");
    assert.match(await row(page, "second.png").innerText(), /no room/);
    await me.call("POST", `upload-links/${link.id}/close`, {});
    await press(page, "Try again", "second.png");
    await until("it is closed", async () => /takes no more files/.test(await row(page, "second.png").innerText()));
    assert.equal((await me.files(link.folder)).length, 1);
    // Opened again it says so at once; and so does one that was copied in part.
    await page.reload();
    await page.getByText("This link takes no more files").waitFor();
    const other = await browser.newPage({ locale: "de-CH" });
    await other.goto(link.link.slice(0, -4));
    await other.getByText("Dieser Link ist ungültig").waitFor();
    assertClean(page);
  },
};

const TERMS = { refused: { max_files: 1, max_file_bytes: 1_000, types: ["image/*"] } };

async function allDone(page, count) {
  await until(`${count} files`, async () => {
    const rows = page.locator(".send-list .send-row");
    const states = await rows.evaluateAll((all) => all.map((one) => `${one.dataset.state}: ${one.innerText}`));
    return (states.length === count && states.every((state) => state.startsWith("done"))) || { states, faults: page.faults };
  });
}

/** Drops files and folders as the desktop does. */
async function drop(page, files) {
  const session = await page.context().newCDPSession(page);
  const { x, y } = await page.locator(".send-drop").boundingBox();
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x: x + 20, y: y + 20, data });
}

await withGuest(input, cases[input.case], { terms: TERMS[input.case] });
answer({ passed: input.case });
process.exit(0);
