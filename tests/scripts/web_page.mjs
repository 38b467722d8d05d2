// The page of an account in Chromium: signing in, sending, files, links, requests. Reads `{ page, key, case }` as JSON from
// stdin: the page's URL, an API key, and which of the cases below; a case that fails ends the script with its reason. The
// first argument is the folder of the packages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { answer, assertClean, open, until } from "./web/browser.mjs";
import { REFUSED, act, copied, dialog, fetched, go, picture, row, says, sha256, signIn, upload, withAccount } from "./web/account.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const jsqr = createRequire(`${process.argv[2]}/`)("jsqr");

const kept = (page) => page.evaluate(() => ({
  tab: JSON.stringify({ ...sessionStorage }), device: JSON.stringify({ ...localStorage }), cookies: document.cookie,
}));
const file = (name, content = name, mimeType = "text/plain") => ({ name, mimeType, buffer: Buffer.from(content) });
const choose = (page, files) => page.setInputFiles("[data-for=files]", files);

const cases = {
  // A key is kept for the tab, for the device only if that was asked for, and nowhere once signed out.
  async door({ tab, context }) {
    const page = await tab("/", { expected: REFUSED });
    await page.getByLabel("API key").fill(`${input.key}x`);
    await page.getByRole("button", { name: "Sign in with the key" }).click();
    await says(page, /This key is not valid/);
    assert.equal(JSON.stringify(await kept(page)).includes("cd_"), false, "a key that is refused is not kept");
    await signIn(page, input.key);
    let { tab: ofTab, device, cookies } = await kept(page);
    assert.ok(ofTab.includes(input.key));
    assert.equal((device + cookies).includes(input.key), false);
    await page.reload();
    await page.locator(".app h1").waitFor();
    const other = await tab();
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(other, input.key, { stay: true });
    const third = await tab();
    await third.locator(".app h1").waitFor();
    await third.getByRole("button", { name: "Sign out" }).click();
    await third.getByRole("heading", { name: "Sign in" }).waitFor();
    ({ tab: ofTab, device } = await kept(third));
    assert.equal((ofTab + device).includes("cd_"), false);
    // A fresh tab finds nothing either.
    const fourth = await open(context, input.page);
    await fourth.getByRole("heading", { name: "Sign in" }).waitFor();
    assertClean(page, other, third, fourth);
  },

  // A key that is taken back while somebody works: what is on the page stays, and goes on with another key.
  async ended({ me, tab }) {
    const { id, key } = await me.call("POST", "api-keys", { name: "short", expires_in: "1h" });
    const page = await tab("/", { expected: REFUSED });
    await signIn(page, key);
    await choose(page, [file("kept.txt")]);
    await page.getByRole("heading", { name: "Here is your link to kept.txt" }).waitFor();
    await page.getByRole("button", { name: "Settings" }).click();
    await dialog(page).getByText("Settings", { exact: true }).click();
    await page.getByLabel("Downloads at most").fill("5");
    await dialog(page).getByText("It has not been used yet").waitFor();
    await me.call("DELETE", `api-keys/${id}`);
    await page.getByRole("button", { name: "Save the settings" }).click();
    await page.getByText("You have been signed out").waitFor();
    assert.equal(JSON.stringify(await kept(page)).includes(key), false);
    // What is still in the queue now cannot be sent, until somebody is signed in again.
    await choose(page, [file("late.txt")]).catch(() => assert.fail("the queue is gone"));
    await until("it is not sent", async () => (await page.locator(".send-row[data-state=failed]").count()) === 1);
    await page.getByLabel("API key").fill(input.key);
    await page.getByLabel("API key").press("Enter");
    // What somebody was about to do is still there, and works now.
    await dialog(page).getByRole("button", { name: "Save the settings" }).click();
    await says(page, /A changed link is a new link/);
    await dialog(page).getByRole("button", { name: "Close" }).click();
    await page.getByRole("heading", { name: "Here is your link to late.txt" }).waitFor();
    await go(page, "Files");
    await row(page, "late.txt").waitFor();
    await go(page, "Send");
    await page.getByRole("heading", { name: "Here is your link to kept.txt" }).waitFor();
    assertClean(page);
  },

  // Without a network: words that say so, and it goes on when asked to.
  async offline({ context, enter }) {
    await upload(input, { name: "plan.txt" });
    const page = await enter("/", { expected: REFUSED });
    await choose(page, [file("first.txt")]);
    await page.getByRole("heading", { name: "Here is your link to first.txt" }).waitFor();
    await context.setOffline(true);
    await choose(page, [file("late.txt")]);
    // What is on its way is to be seen from every view.
    const going = page.getByRole("link", { name: /Send.*1 file on the way/ });
    await going.waitFor();
    for (const view of ["Files", "Links", "Requests"]) {
      await go(page, view);
      await page.getByText("The service cannot be reached. Check your network").waitFor();
    }
    await go(page, "Files");
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await context.setOffline(false);
    await page.getByRole("button", { name: "Try again" }).click();
    await row(page, "plan.txt").waitFor();
    await going.waitFor({ state: "detached" });
    await go(page, "Send");
    await page.getByRole("heading", { name: "Here is your link to late.txt" }).waitFor();
    await go(page, "Files");
    // The list is here before the network goes.
    await row(page, "plan.txt").waitFor();
    await context.setOffline(true);
    await act(page, "Delete", "plan.txt");
    await dialog(page).getByRole("button", { name: "Delete" }).click();
    await dialog(page).getByText("The service cannot be reached").waitFor();
    await context.setOffline(false);
    await dialog(page).getByRole("button", { name: "Delete" }).click();
    await says(page, /plan.txt has been deleted/);
    assertClean(page);
  },

  // One file: its link is there at once, works, and is what the QR code says; its terms are changed later.
  async send({ enter }) {
    const page = await enter();
    const content = "the content\n".repeat(1_000);
    await choose(page, [file("letter.txt", content)]);
    await page.getByRole("heading", { name: "Here is your link to letter.txt" }).waitFor();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const link = await copied(page);
    assert.equal((await fetched(link)).text, content);
    await page.getByRole("button", { name: "QR code" }).click();
    assert.equal(await scanned(page), link);

    await page.getByRole("button", { name: "Settings" }).click();
    await dialog(page).getByText("Settings", { exact: true }).click();
    await page.getByLabel("Password", { exact: true }).fill("correct horse");
    await page.getByLabel("Downloads at most").fill("0");
    await page.getByRole("button", { name: "Save the settings" }).click();
    await page.getByText("Enter a whole number").waitFor();
    await page.getByLabel("Downloads at most").fill("5");
    await page.getByText("More conditions").click();
    await page.getByLabel("Only from these networks").fill("127.0.0.0/8, nonsense");
    await page.getByRole("button", { name: "Save the settings" }).click();
    await says(page, /The service does not take this: .*network/);
    await page.getByLabel("Only from these networks").fill("127.0.0.0/8\n203.0.113.0/24");
    await page.getByLabel("Note for yourself").fill("for Ada");
    await page.getByRole("button", { name: "Save the settings" }).click();
    await says(page, /A changed link is a new link/);
    await dialog(page).getByRole("button", { name: "Copy link" }).click();
    await until("the new link", async () => (await copied(page)) !== link);
    const changed = await copied(page);
    await dialog(page).getByRole("button", { name: "Close" }).click();
    // What is shown is the new one, and it asks for its password; the old one ends within five seconds.
    assert.equal(await page.locator(".sent-link input").first().inputValue(), changed);
    assert.notEqual((await fetched(changed)).status, 200);
    await until("the old link has ended", async () => (await fetched(link)).status === 410 || (await fetched(link)).status, 10_000);
    await go(page, "Links");
    await row(page, "letter.txt").getByText("password").waitFor();
    assert.match(await row(page, "letter.txt").innerText(), /0 of 5 downloads[\s\S]*networks[\s\S]*for Ada/);
    assertClean(page.faults.length ? { faults: page.faults.filter((fault) => !REFUSED[0].test(fault)) } : page);
  },

  // Files that were added together have one link; without the wish for one there is an offer.
  async together({ me, enter }) {
    const page = await enter();
    await choose(page, [file("one.txt"), file("two.txt"), file("<b>three</b>.txt")]);
    await page.getByRole("heading", { name: "Here is your link to 3 files" }).waitFor();
    const link = await page.locator(".sent-link input").first().inputValue();
    const listed = await (await fetch(link, { headers: { Accept: "application/json" } })).json();
    // In a folder names are those of the keys, where the service lets some characters only be.
    assert.deepEqual(listed.entries.map(({ name }) => name).sort(), ["_b_three__b_.txt", "one.txt", "two.txt"]);
    const [{ note }] = (await me.call("GET", "shares")).items;
    assert.equal(note, "one.txt, two.txt, <b>three<_b>.txt");
    await page.getByLabel("make a link to them at once").uncheck();
    await page.getByLabel("valid for").selectOption("1 day");
    await choose(page, [file("four.txt")]);
    await page.getByRole("button", { name: "Make a link" }).waitFor();
    assert.equal((await me.call("GET", "shares")).items.length, 2, "the first is the stack's own");
    await page.getByRole("button", { name: "Make a link" }).click();
    await page.getByRole("heading", { name: "Here is your link to four.txt" }).waitFor();
    const [share] = (await me.call("GET", "shares")).items;
    const days = (Date.parse(share.expires_at) - Date.now()) / 86_400_000;
    assert.ok(days > 0.99 && days < 1.01, `${days}`);
    // Dropped on another view, files are sent all the same.
    await go(page, "Requests");
    const dropped = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["five"], "five.txt", { type: "text/plain" }));
      return transfer;
    });
    await page.dispatchEvent("main", "drop", { dataTransfer: dropped });
    await page.getByRole("heading", { name: "Send files" }).waitFor();
    await page.getByText("five.txt").first().waitFor();
    // The wish outlives the page, and is no secret.
    await page.reload();
    assert.equal(await page.getByLabel("make a link to them at once").isChecked(), false);
    assertClean(page);
  },

  // Files are found, ordered, shown, saved, renamed, deleted; there are more than fit on a page.
  async files({ me, enter }) {
    const page = await enter("/#/files");
    await page.getByText("No files yet").waitFor();
    const image = await picture(page);
    for (let at = 0; at < 55; at += 5) {
      await Promise.all(Array.from({ length: 5 }, (_, n) => upload(input, { name: `note ${at + n}.txt`, content: "x".repeat(at + n + 1) })));
    }
    await upload(input, { name: "picture.png", type: "image/png", content: image });
    // A script that is called an image is no image, and nothing else either.
    await upload(input, { name: "evil.svg", type: "image/svg+xml", content: "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>" });
    await upload(input, { name: "broken.png", type: "image/png", content: "<script>alert(1)</script>" });
    await page.reload();
    await page.locator(".row").first().waitFor();
    assert.equal(await page.locator(".row").count(), 50);
    await page.getByRole("button", { name: "Show more" }).click();
    await until("all files", async () => (await page.locator(".row").count()) === 58 || page.locator(".row").count());

    await row(page, "picture.png").locator("img").waitFor();
    await until("the broken one has its icon", async () => (await row(page, "broken.png").locator("svg.icon").count()) > 3);
    const sizes = await page.locator(".thumbnail img").evaluateAll((all) => all.map(({ naturalWidth }) => naturalWidth));
    assert.deepEqual(sizes, [200]);

    await page.getByLabel("Sort by").selectOption("largest first");
    await until("the largest first", async () => (await page.locator(".row-name").first().innerText()) === "picture.png");
    await page.getByLabel("Sort by").selectOption("name");
    await until("in the order of names", async () => {
      const names = await page.locator(".row-name").allInnerTexts();
      return (names.length === 58 && names.indexOf("note 2.txt") < names.indexOf("note 10.txt")) || names;
    });
    await page.getByLabel("Search names").fill("NOTE 5");
    await until("what was searched for", async () => {
      const names = await page.locator(".row-name").allInnerTexts();
      return JSON.stringify(names) === JSON.stringify(["note 5.txt", "note 50.txt", "note 51.txt", "note 52.txt", "note 53.txt", "note 54.txt"]) || names;
    });
    await page.getByLabel("Search names").fill("nothing of this");
    await page.getByText("No file has this in its name.").waitFor();
    await page.getByLabel("Search names").fill("picture");
    await page.locator(".row").first().waitFor();

    const [saved] = await Promise.all([page.waitForEvent("download"), act(page, "Download", "picture.png")]);
    assert.equal(saved.suggestedFilename(), "picture.png");
    assert.equal(sha256(readFileSync(await saved.path())), sha256(image));

    await act(page, "Rename", "picture.png");
    await page.getByLabel("New name").fill("  ");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Enter a name.").waitFor();
    await page.getByLabel("New name").fill("red picture.png");
    await page.getByRole("button", { name: "Save" }).click();
    await row(page, "red picture.png").waitFor();
    const [renamed] = await Promise.all([page.waitForEvent("download"), act(page, "Download", "red picture.png")]);
    assert.equal(renamed.suggestedFilename(), "red picture.png");

    await act(page, "Delete", "red picture.png");
    await page.getByRole("button", { name: "No, keep it" }).click();
    assert.equal(await row(page, "red picture.png").count(), 1);
    await act(page, "Delete", "red picture.png");
    await dialog(page).getByRole("button", { name: "Delete" }).click();
    await says(page, /red picture.png has been deleted/);
    assert.equal(await row(page, "red picture.png").count(), 0);
    assert.deepEqual((await me.call("GET", "files?name=picture")).items, []);
    assertClean(page);
  },

  // A link with terms, how it is used, longer, and taken back.
  async shares({ me, enter }) {
    const page = await enter("/#/files");
    const content = "for Ada";
    await upload(input, { name: "plan.txt", content });
    await page.reload();
    await act(page, "Share", "plan.txt");
    await page.getByLabel("Valid for").selectOption("1 day");
    await page.getByText("More conditions").click();
    await page.getByLabel("Name that it is saved under").fill("the plan.txt");
    await page.getByLabel("Note for yourself").fill("<i>Ada</i>");
    await page.getByRole("button", { name: "Make the link" }).click();
    await dialog(page).getByRole("button", { name: "Copy link" }).click();
    const link = await copied(page);
    const reply = await fetch(link.replace("/s/", "/d/"));
    assert.match(reply.headers.get("content-disposition"), /the%20plan\.txt|"the plan\.txt"/);
    assert.equal(await reply.text(), content);
    for (let n = 0; n < 2; n++) await fetched(link);
    await dialog(page).getByRole("button", { name: "Close" }).click();

    await go(page, "Links");
    assert.match(await row(page, "the plan.txt").innerText(), /Active[\s\S]*<i>Ada<\/i>/);
    // What the edges have seen comes a few seconds later.
    await until("the downloads are counted", async () => {
      await page.reload();
      await row(page, "the plan.txt").waitFor();
      return /3 downloads/.test(await row(page, "the plan.txt").innerText());
    }, 40_000);
    await act(page, "Details", "the plan.txt");
    await page.getByRole("figure").waitFor();
    const bars = await page.locator(".chart table tbody tr").allInnerTexts();
    assert.equal(bars.length, 1, `${bars}`);
    assert.match(bars[0], /\t3$/);
    assert.equal(await page.locator(".chart svg rect").count(), 1);
    await page.keyboard.press("Escape");

    const [before] = (await me.call("GET", "shares")).items;
    await act(page, "7 more days", "the plan.txt");
    await says(page, /It works until/);
    const [after] = (await me.call("GET", "shares")).items;
    assert.equal(Date.parse(after.expires_at) - Date.parse(before.expires_at), 7 * 86_400_000);
    await act(page, "Revoke", "the plan.txt");
    await dialog(page).getByRole("button", { name: "Revoke" }).click();
    await says(page, /The link has been revoked/);
    await row(page, "the plan.txt").getByText("Revoked", { exact: true }).waitFor();
    assert.equal(await row(page, "the plan.txt").getByRole("button", { name: /Copy link/ }).count(), 0);
    for (const one of [link, after.link]) await until("it has ended", async () => (await fetched(one)).status === 410, 10_000);
    await page.getByLabel("Show").selectOption("active");
    assert.equal(await row(page, "the plan.txt").count(), 0);
    await page.getByLabel("Show").selectOption("ended");
    assert.equal(await row(page, "the plan.txt").count(), 1);
    assertClean(page);
  },

  // A request: made, used by a guest without an account, looked into, closed.
  async requests({ browser, enter }) {
    const page = await enter("/#/requests");
    await page.getByText("No requests yet.").waitFor();
    await page.getByRole("button", { name: "Make a request" }).click();
    await page.getByLabel("What you ask for").fill("Photos of <b>the trip</b>");
    await page.getByLabel("Files at most").fill("many");
    await page.getByRole("button", { name: "Make the link" }).click();
    await page.getByText("Enter a whole number").waitFor();
    await page.getByLabel("Files at most").fill("2");
    await page.getByLabel("Largest file, MB").fill("1");
    await page.getByRole("button", { name: "Make the link" }).click();
    await dialog(page).getByRole("button", { name: "Copy link" }).click();
    await dialog(page).getByRole("button", { name: "Copied" }).waitFor();
    const link = await copied(page);
    await dialog(page).getByRole("button", { name: "Close" }).click();
    assert.match(await row(page, "the trip").innerText(), /Photos of <b>the trip<\/b>[\s\S]*Open[\s\S]*0 of 2 files/);

    const guest = await open(await browser.newContext(), link, { expected: REFUSED });
    await guest.getByLabel("Your name").fill("Grace");
    await choose(guest, [file("beach.txt", "sand")]);
    await guest.getByText("Your file has arrived.").waitFor();

    await page.reload();
    await act(page, "See what has arrived", "Photos");
    await page.locator(".arrived .row").waitFor();
    assert.match(await page.locator(".arrived .row").innerText(), /beach\.txt[\s\S]*from Grace/);
    const [saved] = await Promise.all([page.waitForEvent("download"), act(page, "Download", "beach.txt")]);
    assert.equal(readFileSync(await saved.path(), "utf8"), "sand");
    await act(page, "Close", "Photos");
    await dialog(page).getByRole("button", { name: "Close", exact: true }).last().click();
    await says(page, /The request has been closed/);
    await row(page, "the trip").getByText("Closed").waitFor();
    const late = await open(await browser.newContext(), link, { expected: REFUSED });
    await until("the link is over", async () => /no more files|not valid/.test(await late.locator("main").innerText()), 15_000);
    assertClean(page, guest, late);
  },
};

/** What a camera reads from the QR code on the page. */
async function scanned(page) {
  await page.locator("svg.qr").waitFor();
  const png = await page.locator("svg.qr").screenshot();
  const pixels = await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return { data: [...context.getImageData(0, 0, bitmap.width, bitmap.height).data], width: bitmap.width, height: bitmap.height };
  }, png.toString("base64"));
  return (jsqr.default ?? jsqr)(Uint8ClampedArray.from(pixels.data), pixels.width, pixels.height)?.data;
}

await withAccount(input, cases[input.case]);
answer({ passed: input.case });
process.exit(0);
