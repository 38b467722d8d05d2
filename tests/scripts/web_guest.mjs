// The guest's page as people meet it, in Chromium: at 320 pixels, in the dark, in German, by keyboard alone, to axe, and beside
// the pictures in `tests/screens/`. Reads `{ page, s3, key }` as JSON from stdin: URLs of the page and the bucket, an API key;
// the first argument is the folder of the packages. What is not as it should be ends the script with its reason.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MIB, answer, assertClean, makeFile, until } from "./web/browser.mjs";
import { choose, reaches, row, throttle, withGuest } from "./web/guest.mjs";
import { assertAccessible, assertFits, assertLooks } from "./web/look.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
/** All that is asked of how the page is at this moment. */
async function assertGood(page, name) {
  await assertAccessible(page, name);
  await assertFits(page, name);
  await assertLooks(page, name);
}

/** A queue in which every state is to be seen: what is done, what goes on, is paused, has failed. */
async function fill(page, folder) {
  await choose(page, [{ name: "Notes of the meeting.txt", mimeType: "text/plain", buffer: Buffer.from("hello") }]);
  await reaches(page, "Notes", "done");
  await throttle(page, 500_000);
  await choose(page, [makeFile(folder, "Holiday film with a rather long name, first part.mkv", 80 * MIB, 31), makeFile(folder, "paused.zip", 70 * MIB, 32)]);
  await reaches(page, "paused.zip", "sending");
  await row(page, "paused.zip").getByRole("button").first().click();
  await choose(page, [{ name: "page.html", mimeType: "text/html", buffer: Buffer.from("<p>") }]);
  await reaches(page, "page.html", "failed");
  await until("the film is on its way", async () => /[1-9]/.test(await row(page, "Holiday").locator("progress").getAttribute("value")));
}

const NOTE = "The photos of <b>Saturday</b>, please.\nNot too many.";
const TERMS = { types: ["text/plain", "video/*", "application/*", "image/*"], max_file_bytes: 2_000_000_000, note: NOTE };

// English, light, a desktop's width; and by keyboard alone.
await withGuest(input, async ({ me, link, folder, tab }) => {
  const page = await tab();
  // From the start, so that the browser knows long before it is asked.
  page.on("filechooser", () => {});
  await page.getByText("Choose files").waitFor();
  assert.equal(await page.locator("blockquote").innerText(), NOTE);
  await page.getByText("Taken: text/plain, videos, application/*, images. Up to 2 GB per file. Open until").waitFor();
  await assertGood(page, "guest-wide");
  assert.equal(await page.title(), "Send files – CloudDrop");
  // From the top: the name, and then the two buttons.
  const reached = [];
  for (let at = 0; at < 3; at++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
  }
  assert.deepEqual(reached, ["sender", "Choose files", "Choose a folder"]);
  await page.keyboard.press("Shift+Tab");
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Enter")]);
  assert.ok(chooser.isMultiple());
  await page.locator("#sender").fill("Zoë <b>");
  await chooser.setFiles({ name: "by keyboard.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
  await reaches(page, "by keyboard.txt", "done");
  await page.getByText("Your file has arrived.").waitFor();
  await until("it is told", async () => (await page.locator("[role=status].unseen").innerText()) === "by keyboard.txt has been sent");
  assert.equal((await me.files(link.folder))[0].sender.name, "Zoë <b>");
  await page.getByRole("button", { name: "Clear finished" }).click();
  await fill(page, folder);
  await page.evaluate(() => scrollTo(0, 0));
  await assertGood(page, "guest-queue");
  await page.reload();
  await page.locator(".send-unfinished").first().waitFor();
  await assertGood(page, "guest-unfinished");
  assertClean(page);
}, { terms: TERMS });

// German, dark, a phone held upright.
await withGuest(input, async ({ folder, tab }) => {
  const page = await tab();
  await fill(page, folder);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await page.getByText("Nicht gesendet", { exact: true }).waitFor();
  await assertAccessible(page, "the queue on a phone");
  await page.evaluate(() => scrollTo(0, 0));
  await assertGood(page, "guest-phone-dark-german");
  // Nothing to be touched is smaller than a finger's tip asks for (WCAG 2.2, 2.5.8).
  const heights = await page.locator("button:visible, input:visible").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
  assert.ok(heights.every((height) => height >= 24), String(heights));
  assertClean(page);
}, { terms: TERMS, options: { locale: "de-DE", colorScheme: "dark", viewport: { width: 320, height: 640 } } });

answer({ passed: true });
process.exit(0);
