// Signing in by an identity provider, in Chromium. Reads `{ page, key, idp: port, client }` as JSON from stdin: the page's
// URL, an API key, where the provider of the stack's settings is to listen, and the client's id. The first argument is the
// folder of the packages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { answer, assertClean, until } from "./web/browser.mjs";
import { REFUSED, withAccount } from "./web/account.mjs";
import { provider } from "./web/idp.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const idp = await provider({ port: input.idp, clientId: input.client });
const { state } = idp;

const leave = async (page) => {
  await page.getByRole("button", { name: "Sign in with your organisation" }).click();
  await page.waitForURL(`${idp.issuer}/authorize?*`);
};
const arrive = async (page, said = "yes") => {
  await page.getByRole("link", { name: said }).click();
  await page.waitForURL((url) => url.origin === new URL(input.page).origin);
};
const kept = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem("clouddrop.session")));

await withAccount(input, async ({ tab, context }) => {
  // There and back again: the view is the one that was asked for, and the code is nowhere to be seen.
  const page = await tab("/#/shares");
  await leave(page);
  await arrive(page);
  await page.getByRole("heading", { name: "Links" }).waitFor();
  assert.equal(page.url(), `${input.page}/#/shares`);
  await page.getByText("Signed in as oidc:ada").waitFor();
  const [first] = state.asked;
  assert.equal(first.redirect_uri, `${input.page}/`);
  assert.equal(await page.evaluate(() => localStorage.length), 0, "nothing that outlives the tab");
  await page.reload();
  await page.getByText("Signed in as oidc:ada").waitFor();

  // A token that ends is renewed in time, without a word.
  await page.getByRole("button", { name: "Sign out" }).click();
  state.lifetime = 63;
  await leave(page);
  await arrive(page);
  await page.getByText("Signed in as oidc:ada").waitFor();
  const { token: old } = await kept(page);
  state.lifetime = 3_600;
  await until("a fresh token", async () => (await kept(page))?.token !== old, 15_000);
  assert.equal(state.refreshed, 1);
  await page.getByRole("navigation").getByRole("link", { name: "Files" }).click();
  await page.getByText("No files yet").waitFor();
  assert.notEqual(state.asked[1].nonce, first.nonce);
  assert.notEqual(state.asked[1].code_challenge, first.code_challenge);
  assertClean(page);

  // The person says no.
  await page.getByRole("button", { name: "Sign out" }).click();
  await leave(page);
  await arrive(page, "no");
  await page.getByText("Signing in was stopped before it was finished.").waitFor();
  assert.equal(new URL(page.url()).search, "");

  // A token that was made for another sign-in, and an answer to none: nobody is signed in.
  state.faults.wrongNonce = true;
  await leave(page);
  await arrive(page);
  await page.getByText("Signing in did not work.").waitFor();
  assert.equal(await kept(page), null);
  state.faults.wrongNonce = false;
  // Somebody else's answer, put in the place of the person's own.
  await leave(page);
  const own = new URL(await page.getByRole("link", { name: "yes" }).getAttribute("href"));
  own.searchParams.set("state", "another");
  await page.goto(own.href);
  await page.getByText("Signing in did not work.").waitFor();
  assert.equal(await kept(page), null);
  const forged = await tab("/?code=stolen&state=guessed", { expected: REFUSED });
  await forged.getByText("Signing in did not work.").waitFor();
  assert.equal(new URL(forged.url()).search, "");
  assert.equal(await kept(forged), null);

  // Without a refresh token the end of the token is the end of the session.
  Object.assign(state, { lifetime: 4, faults: { noRefresh: true } });
  await leave(page);
  await arrive(page);
  await page.getByText("Signed in as oidc:ada").waitFor();
  await page.getByText("You have been signed out.").waitFor();
  assert.equal(await kept(page), null);

  // A key is good beside it.
  await page.getByLabel("API key").fill(input.key);
  await page.getByRole("button", { name: "Sign in with the key" }).click();
  await page.getByText("Signed in as dev").waitFor();
  await context.close();
});
idp.close();
answer({ passed: true });
process.exit(0);
