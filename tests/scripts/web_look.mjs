// How the pages look and who can use them, in Chromium. Reads `{ page, key, case }` as JSON from stdin, as `web_page.mjs`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { answer, assertClean, open, until } from "./web/browser.mjs";
import { REFUSED, act, dialog, go, picture, row, signIn, upload, withAccount } from "./web/account.mjs";
import { assertAccessible, assertFits, assertLooks } from "./web/look.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const LATIN = /[A-Za-z]/;

// Names and notes that strangers choose. None of them may become anything but text, nor turn what stands around it.
const HOSTILE = [
  "<img src=x onerror=alert(1)>.png",
  "\"><script>alert(2)</script>.html",
  "invoice\u202egpj.exe",
  "javascript:alert(3)",
  "{texts.name} ${name} &lt;b&gt;",
  `${"wide".repeat(40)}.txt`,
  "\ud83d\ude80 Grüße 字.txt",
];

const cases = {
  // Every view: at a desk in the light, on a phone in the dark, and with what axe looks for in both.
  looks: async ({ me, browser }) => {
    const wide = { name: "wide", viewport: { width: 1000, height: 800 }, colorScheme: "light" };
    const phone = { name: "phone", viewport: { width: 320, height: 720 }, colorScheme: "dark", hasTouch: true };
    const first = await browser.newPage();
    await upload(input, { name: "picture.png", type: "image/png", content: await picture(first) });
    await upload(input, { name: "Quarterly report.pdf", type: "application/pdf", content: "x".repeat(420_000) });
    const film = await upload(input, { name: "Holiday.mp4", type: "video/mp4", content: "x".repeat(3_500_000) });
    const share = await me.call("POST", "shares", { key: film.key, password: "hunter22", note: "for Ada", max_downloads: 3 });
    const gone = await me.call("POST", "shares", { key: film.key });
    await me.call("POST", `shares/${gone.id}/revoke`, {});
    const request = await me.uploadLink({ note: "Photos of the trip, please" });
    await upload(input, { name: "beach.txt", bearer: request.token, sender: "Grace" });

    for (const { name, ...profile } of [wide, phone]) {
      const context = await browser.newContext(profile);
      const page = await open(context, input.page);
      const check = async (about) => {
        await assertFits(page, `${name} ${about}`);
        await assertAccessible(page, `${name} ${about}`);
        await assertLooks(page, `${about}-${name}`);
      };
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await check("door");
      await signIn(page, input.key);
      await check("send");
      await page.setInputFiles("[data-for=files]", [{ name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Dear Ada") }]);
      await page.getByRole("heading", { name: "Here is your link" }).waitFor();
      await page.locator(".send-row[data-state=done]").waitFor();
      await page.getByRole("button", { name: "QR code" }).click();
      await page.locator("svg.qr").waitFor();
      await check("sent");
      await go(page, "Files");
      // It is fetched when it comes into view.
      await row(page, "picture.png").scrollIntoViewIfNeeded();
      await page.locator(".thumbnail img").waitFor();
      await page.evaluate(() => scrollTo(0, 0));
      await check("files");
      await act(page, "Share", "Quarterly report.pdf");
      await dialog(page).getByText("More conditions").click();
      await check("share");
      await page.keyboard.press("Escape");
      await act(page, "Delete", "Quarterly report.pdf");
      await check("delete");
      await page.keyboard.press("Escape");
      await go(page, "Links");
      await row(page, "Holiday.mp4").first().waitFor();
      await check("links");
      await row(page, "Holiday.mp4").filter({ hasText: "Active" }).getByRole("button", { name: /Details/ }).click();
      await dialog(page).getByText("It has not been used yet").waitFor();
      await check("details");
      await page.keyboard.press("Escape");
      await go(page, "Requests");
      await act(page, "See what has arrived", "Photos");
      await page.locator(".arrived .row").waitFor();
      await check("requests");
      assertClean(page);
      await context.close();
      // The next one finds what this one found.
      for (const { id } of (await me.call("GET", "files?name=letter")).items) await me.call("DELETE", `files/${id}`);
      const made = (await me.call("GET", "shares")).items.filter(({ id }) => ![share.id, gone.id].includes(id));
      assert.ok(made.length > 0);
    }
  },

  // The whole way by keyboard alone: in, to the files, a link to one of them, copied; and the focus comes back.
  keyboard: async ({ tab }) => {
    await upload(input, { name: "plan.txt" });
    const page = await tab("/#/files");
    const at = () => page.evaluate(() => {
      const it = document.activeElement;
      if (it === document.body) return "";
      return it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent ?? it.textContent;
    });
    const tabTo = async (name) => {
      for (let n = 0; n < 60; n++) {
        await page.keyboard.press("Tab");
        if ((await at()).includes(name)) {
          const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
          assert.equal(outline, "solid", `${name} shows that it has the focus`);
          return;
        }
      }
      assert.fail(`${name} is not reached`);
    };
    const isInMain = () => until("the focus is at the top of the view", async () => {
      const id = await page.evaluate(() => document.activeElement.id);
      return id === "main" || id;
    });
    await page.getByLabel("API key").waitFor();
    await tabTo("API key");
    await page.keyboard.type(input.key);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Files" }).waitFor();
    await page.locator(".row").first().waitFor();
    await tabTo("Skip to the content");
    await page.keyboard.press("Enter");
    await isInMain();
    await tabTo("Share: plan.txt");
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    await tabTo("Make the link");
    await page.keyboard.press("Enter");
    await page.locator("dialog .copy").waitFor();
    await tabTo("Copy link");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Copied" }).waitFor();
    await page.keyboard.press("Escape");
    await until("the focus comes back", async () => (await at()) === "Share: plan.txt" || at());
    // To another view: the focus begins at its top.
    await page.getByRole("navigation").getByRole("link", { name: "Links" }).focus();
    await page.keyboard.press("Enter");
    await row(page, "plan.txt").waitFor();
    await isInMain();
    assert.equal(await page.title(), "Links – CloudDrop");
    assertClean(page);
  },

  // What strangers write is text, in every view.
  hostile: async ({ me, enter }) => {
    const link = await me.uploadLink({ note: HOSTILE[0] });
    for (const name of HOSTILE) {
      const file = await upload(input, { name, type: "text/html", content: "<b>" });
      await upload(input, { name, type: "text/html", content: "<b>", bearer: link.token, sender: `${HOSTILE[1]} \u202e` });
      await me.call("POST", "shares", { key: file.key, note: name.replaceAll("\u202e", "\u202e!") });
    }
    const page = await enter("/#/files", { expected: [] });
    page.on("dialog", (shown) => page.faults.push(`dialog: ${shown.message()}`));
    const check = async (about) => {
      await assertFits(page, about);
      const strange = await page.evaluate(() => [...document.querySelectorAll("main img, main script, main b, main a[href^='javascript' i], dialog img, dialog script, dialog b")].map(({ outerHTML }) => outerHTML));
      assert.deepEqual(strange, [], about);
      assert.equal((await page.locator("body").innerText()).includes("\u202e"), false, `${about}: nothing turns the text around`);
    };
    await page.setViewportSize({ width: 320, height: 720 });
    await until("all files", async () => (await page.locator(".row").count()) >= 2 * HOSTILE.length);
    for (const name of [HOSTILE[0], HOSTILE[1], HOSTILE[3], HOSTILE[4]]) assert.ok(await row(page, name).count() >= 2, name);
    await check("files");
    await act(page, "Share", HOSTILE[0]);
    await check("share");
    await page.keyboard.press("Escape");
    await act(page, "Delete", HOSTILE[1]);
    await check("delete");
    await page.keyboard.press("Escape");
    await go(page, "Links");
    await page.locator(".row").first().waitFor();
    await check("links");
    await page.getByRole("button", { name: "Details" }).first().click();
    await check("details");
    await page.keyboard.press("Escape");
    await go(page, "Requests");
    await page.getByRole("button", { name: /See what has arrived/ }).click();
    await page.locator(".arrived .row").first().waitFor();
    await check("requests");
    assertClean(page);
  },

  // The policy stands between a fault of ours and the person: no markup out of texts, no code out of texts, nothing from
  // elsewhere and nothing to elsewhere.
  policy: async ({ enter }) => {
    const page = await enter("/", { expected: [/./] });
    const said = await page.evaluate(async () => {
      const tried = {
        markup: () => { document.body.innerHTML = "<img src=x>"; },
        code: () => { document.createElement("script").text = "1"; },
        evaluated: () => (0, eval)("1"),
        worker: () => new Worker("data:text/javascript,1"),
        policy: () => trustedTypes.createPolicy("another", {}),
        elsewhere: () => fetch("https://example.com/"),
        foreign: () => new Promise((resolve, reject) => {
          const image = Object.assign(new Image(), { src: "https://example.com/a.png", onload: resolve, onerror: () => reject(new TypeError("not loaded")) });
          document.body.append(image);
        }),
      };
      const results = {};
      // A debugger's own call may evaluate what it likes; what runs after it may not.
      await new Promise((resolve) => setTimeout(resolve));
      for (const [name, attempt] of Object.entries(tried)) {
        try {
          await attempt();
          results[name] = "went through";
        } catch (error) {
          results[name] = error.name;
        }
      }
      return results;
    });
    for (const [name, result] of Object.entries(said)) assert.match(result, /TypeError|EvalError|SecurityError/, `${name}: ${result}`);
  },

  // German by the browser's wish, English by the person's; and the choice stays.
  languages: async ({ browser }) => {
    await upload(input, { name: "plan.txt" });
    const page = await open(await browser.newContext({ locale: "de-CH", viewport: { width: 320, height: 720 } }), input.page, { expected: REFUSED });
    await page.getByRole("heading", { name: "Anmelden" }).waitFor();
    await signIn(page, input.key);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    for (const view of ["Dateien", "Links", "Anfragen", "Senden"]) {
      await page.getByRole("navigation").getByRole("link", { name: view }).click();
      await page.locator("h1").waitFor();
      await page.waitForTimeout(300);
      await assertFits(page, view);
      await assertAccessible(page, view);
      const text = await page.locator(".app").innerText();
      assert.ok(LATIN.test(text) && !/undefined|\[object|=>/.test(text), text);
    }
    await page.getByRole("navigation").getByRole("link", { name: "Dateien" }).click();
    await row(page, "plan.txt").waitFor();
    await assertLooks(page, "files-german");
    await page.getByLabel("Sprache").selectOption("English");
    await page.getByRole("heading", { name: "Files" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Files" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    assertClean(page);
  },

  // The first load is small, and all of it is ours.
  quick: async ({ browser }) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked = [];
    page.on("response", async (reply) => asked.push({ url: reply.url(), sizes: await reply.request().sizes(), body: await reply.body() }));
    await page.goto(input.page);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.waitForLoadState("networkidle");
    const { gzipSync } = await import("node:zlib");
    const total = asked.reduce((sum, { body }) => sum + gzipSync(body).length, 0);
    assert.ok(total < 100 * 1024, `${total} bytes: ${asked.map(({ url, body }) => `${url} ${body.length}`)}`);
    for (const { url } of asked) assert.equal(new URL(url).origin, input.page, url);
    assert.ok(asked.some(({ url }) => url.endsWith(".js")) && asked.some(({ url }) => url.endsWith(".css")));
  },
};

await withAccount(input, cases[input.case]);
answer({ passed: input.case });
process.exit(0);
