// Sending with an account, in Chromium: what is added together lies in one folder and behind one link; an upload goes on
// after a reload, for the account that began it and no other. Reads `{ page, s3, key, log }` as JSON from stdin: URLs of the
// page and the bucket, an admin's API key, and the bucket's access log; the first argument is the folder of the packages. What is
// not as it should be ends the script with its reason.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MIB, answer, assertClean, makeFile, open, owner, sha256Of, start, until } from "./web/browser.mjs";
import { SLOW, choose, reaches, throttle, watched } from "./web/guest.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const SIZE = 6 * 16 * MIB + 12_345;
const { browser, folder, close } = await start();
const me = owner(input);

async function signedIn(context, key) {
  const page = watched(await open(context, `${input.page}/#/send`, { expected: [/Failed to load resource/] }));
  await signIn(page, key);
  return page;
}

async function signIn(page, key) {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in with the key" }).click();
  await page.getByRole("button", { name: "Choose files" }).waitFor();
}

const context = await browser.newContext();
const page = await signedIn(context, input.key);

// A folder and what is in it: one folder of the service, and one link that leads to all of it.
const trip = join(folder, "trip");
mkdirSync(join(trip, "day 1"), { recursive: true });
for (const [at, name] of ["a.txt", "b.txt", "day 1/a.txt"].entries()) makeFile(trip, name, 1_000 + at, at);
await page.setInputFiles("[data-for=folder]", trip);
for (const name of ["b.txt", "day 1/"]) await reaches(page, name, "done");
const { items } = await me.call("GET", "files?limit=200");
const [first] = items.filter(({ key }) => key.endsWith("trip/b.txt"));
const place = first.key.slice(0, -"trip/b.txt".length);
const names = items.map(({ key }) => key).filter((key) => key.startsWith(place)).map((key) => key.slice(place.length)).sort();
assert.deepEqual(names, ["trip/a.txt", "trip/b.txt", "trip/day 1/a.txt"]);
await page.getByText("Here is your link").waitFor();
const shares = (await me.call("GET", "shares?limit=50")).items.filter(({ key }) => !key);
assert.equal(shares.length, 1, JSON.stringify(shares));
const download = (await me.call("GET", `shares/${shares[0].id}`)).download;
const reply = await fetch(`${download.replace(/\/$/, "")}/trip/day%201/a.txt`);
assert.equal(createHash("sha256").update(Buffer.from(await reply.arrayBuffer())).digest("hex"), await sha256Of(join(trip, "day 1", "a.txt")));

// Interrupted: another account on the same machine sees nothing of it, and the same one goes on.
const path = makeFile(folder, "film.mkv", SIZE, 41);
await throttle(page, SLOW);
await choose(page, path);
await until("a part has arrived", () => page.sent.length > 0);
await page.close();
const bob = await me.call("POST", "api-keys", { owner: "bob", name: "bob" });
const other = await signedIn(context, bob.key);
await other.waitForTimeout(500);
assert.equal(await other.locator(".send-unfinished").count(), 0);
await other.close();
const again = await signedIn(context, input.key);
await again.locator(".send-unfinished").filter({ hasText: "film.mkv" }).waitFor();
await choose(again, path);
await reaches(again, "film.mkv", "done");
const film = (await me.call("GET", "files?limit=200")).items.filter(({ name }) => name === "film.mkv");
assert.equal(film.length, 1);
assert.equal(await me.download(film[0]), await sha256Of(path));
const requests = readFileSync(input.log, "utf8").trim().split("\n").map((line) => JSON.parse(line));
assert.equal(requests.filter(({ method, status, query_keys }) => method === "PUT" && status === 200 && query_keys.includes("partNumber")).length, 7);
assertClean(again, other);

await close();
answer({ passed: true });
process.exit(0);
