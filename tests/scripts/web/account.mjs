// The page of an account in the hands of a test: somebody who is signed in, and files that are there already.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { open, owner, start, until } from "./browser.mjs";

// Chromium writes a line for every request that is refused: where a test has it refused, these are expected.
export const REFUSED = [/Failed to load resource/];

/**
 * A browser of a fresh profile; everything ends with `act`. `tab` opens the page, `enter` opens it and signs in.
 * @param {{ page: string, key: string }} input
 */
export async function withAccount(input, act, options = {}) {
  const { browser, folder, close } = await start();
  try {
    const profile = { viewport: { width: 1000, height: 800 }, permissions: ["clipboard-read", "clipboard-write"], ...options };
    const context = await browser.newContext(profile);
    const tab = (at = "/", more = {}) => open(context, `${input.page}${at}`, more);
    const enter = async (at = "/", more = {}) => {
      const page = await tab(at, more);
      await signIn(page, input.key);
      return page;
    };
    await act({ me: owner(input), input, browser, context, folder, tab, enter });
  } finally {
    await close();
  }
}

export async function signIn(page, key, { stay = false } = {}) {
  await page.getByLabel(/API key|API-Schlüssel/).fill(key);
  if (stay) await page.getByLabel("Stay signed in").check();
  await page.getByLabel(/API key|API-Schlüssel/).press("Enter");
  await page.locator(".app h1").waitFor();
}

/** Uploads a file by the API, as a program does. `bearer` may be an upload link's token. */
export async function upload(input, { name, type = "text/plain", content = "content", sender, bearer = input.key }) {
  const bytes = Buffer.from(content);
  const post = async (path, body) => {
    const reply = await fetch(`${input.page}/api/v1/uploads${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const json = await reply.json();
    assert.ok(reply.ok, JSON.stringify(json));
    return json;
  };
  const granted = await post("", { name, type, size: bytes.length, ...(sender && { sender }) });
  const put = await fetch(granted.url, { method: "PUT", body: bytes, headers: granted.headers });
  assert.equal(put.status, 200, await put.text());
  return post("/complete", { upload: granted.upload });
}

/** A picture that a browser can show: PNG of `width` by `height`. */
export const picture = (page, width = 200, height = 150) => page.evaluate(async (size) => {
  const canvas = new OffscreenCanvas(...size);
  const context = canvas.getContext("2d");
  context.fillStyle = "#c33";
  context.fillRect(0, 0, ...size);
  context.fillStyle = "#fff";
  context.fillRect(size[0] / 4, size[1] / 4, size[0] / 2, size[1] / 2);
  const blob = await canvas.convertToBlob();
  return [...new Uint8Array(await blob.arrayBuffer())];
}, [width, height]).then(Buffer.from);

/** To a view by the ways at the top. */
export async function go(page, name) {
  await page.getByRole("navigation").getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

export const row = (page, name) => page.locator(".rows > .row").filter({ hasText: name });
export const act = (page, action, name) => page.getByRole("button", { name: `${action}: ${name}` }).first().click();
export const dialog = (page) => page.locator("dialog[open]");
export const copied = (page) => page.evaluate(() => navigator.clipboard.readText());
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Waits until the toast, or whatever else reads out, has said it. */
export const says = (page, words) => until(`says ${words}`, async () => {
  const said = await page.locator("[role=status], [role=alert]").allInnerTexts();
  return said.some((text) => words.test(text)) || said;
});

/** What somebody gets by the file's own link of a share's page. */
export async function fetched(link) {
  const reply = await fetch(link.replace("/s/", "/d/"), { redirect: "manual" });
  return { status: reply.status, text: await reply.text() };
}
