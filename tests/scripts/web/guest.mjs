// The guest's page in the hands of a test: what is chosen, what is shown, what goes over the wire.
import assert from "node:assert/strict";
import { open, owner, start, until } from "./browser.mjs";
import { line as lineTo } from "./line.mjs";

/** Bytes a second on the slow line that mid-upload needs. */
export const SLOW = 16_000_000;
// Chromium writes a line for every request that fails: where a test makes them fail, these are expected.
export const FAILS = [/Failed to load resource/];

/** A browser with the page of a fresh upload link; `act` gets all that a test needs, and everything ends with it. */
export async function withGuest(input, act, { terms, options, expected = FAILS } = {}) {
  const line = await lineTo(input.s3);
  const { browser, folder, close } = await start([line.argument]);
  try {
    const me = owner(input);
    const link = await me.uploadLink(terms);
    const context = await browser.newContext(options);
    const tab = async () => watched(await open(context, link.link, { expected }));
    await act({ me, link, browser, context, folder, tab, line });
  } finally {
    await close();
    line.close();
  }
}

/** Notes the parts that were sent, and leaves without asking. */
export function watched(page) {
  page.sent = [];
  page.asked = [];
  page.on("dialog", (dialog) => dialog.accept());
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith("/api/v1/")) page.asked.push(url.pathname.slice("/api/v1/".length));
  });
  page.on("response", (response) => {
    const number = new URL(response.url()).searchParams.get("partNumber");
    if (number && response.request().method() === "PUT" && response.status() === 200) page.sent.push(Number(number));
  });
  return page;
}

export const choose = (page, files) => page.setInputFiles("[data-for=files]", files);
export const row = (page, name) => page.locator(".send-list .send-row").filter({ hasText: name });
export const press = (page, action, name) => row(page, name).getByRole("button", { name: `${action}: ` }).click();

/** Waits until the row of `name` is in the state. */
export const reaches = (page, name, state, milliseconds) => until(
  `${name} ${state}`,
  async () => {
    const one = row(page, name);
    if (await one.count() !== 1) return (await page.locator("main").innerText()).slice(0, 2_000);
    const now = await one.getAttribute("data-state");
    return now === state || { now, said: await one.innerText(), faults: page.faults, asked: page.asked };
  },
  milliseconds,
);

/** Waits until that many parts have arrived. */
export const arrived = (page, count) => until(`${count} parts`, () => page.sent.length >= count || page.sent);

/** From now on the line takes `bytes` a second, -1 for all there are; or there is none. */
export async function throttle(page, bytes, offline = false) {
  page.line ??= await page.context().newCDPSession(page);
  await page.line.send("Network.enable");
  await page.line.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
}

/** The one file that has arrived by the link, of these bytes; nothing else is left of it. */
export async function assertArrived(me, link, sha256, count = 1) {
  const files = await me.files(link.folder);
  assert.equal(files.length, count, JSON.stringify(files));
  for (const file of files) assert.equal(await me.download(file), sha256, file.name);
  assert.deepEqual(await me.open(link.folder), [], "uploads that are not complete");
  return files;
}
