// The function by itself: what it does to what it lets through, and that doubt of any kind lets through. Code and store come
// by GIVEN, from tests/scripts/node_tests.mjs.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { eventOf, load, validateToken } from "./harness.mjs";
import { CLAIMS, token } from "./tokens.mjs";

const { transformSync } = createRequire(import.meta.url)("esbuild");
const { code, store } = JSON.parse(process.env.GIVEN);
const NOW = 1_800_000_000_000;
const secret = store["token-key/b"].demo;
const good = token(CLAIMS, { secret });
const asked = (url, more = {}) => eventOf({ method: "GET", url: `https://files.example.net${url}`, headers: [["host", "files.example.net"], ...(more.headers ?? [])], ...more.event });
const forged = (text) => text.slice(0, -6) + (text.at(-6) === "A" ? "B" : "A") + text.slice(-5);
const ask = (event, sides = {}, now = NOW) => load(code, { store, ...sides })(event, now);

test("the syntax is that of cloudfront-js-2.0", () => {
  // ES5 and what the guide adds to it. Where the code has anything newer, esbuild writes it anew or gives up.
  const features = { "const-and-let": true, arrow: true, "template-literal": true, "rest-argument": true, "async-await": true, "exponent-operator": true };
  const body = code.replace(/^import .*\n/gm, "");
  const options = { minifyWhitespace: true };
  const wanted = transformSync(body, { ...options, target: "esnext" }).code;
  const lowered = (text) => transformSync(text, { ...options, target: "es5", supported: features }).code;
  assert.equal(lowered(body), wanted);
  for (const newer of ["let a=b?.c;", "let a=b??c;", "let [a]=b;", "let a={...b};", "let a={b};"]) {
    let same;
    try {
      same = lowered(newer).trim() === newer;
    } catch {
      same = false;
    }
    assert.ok(!same, `${newer} would not be found`);
  }
  for (const word of [/\beval\b/, /\bFunction\b/, /\bsetTimeout\b/, /\bfetch\b/, /\bprocess\b/, /\brequire\b/, /\.(?:then|catch)\(/]) {
    assert.doesNotMatch(body, word);
  }
  assert.ok(code.startsWith("import cf from 'cloudfront';\nimport crypto from 'crypto';\n"));
  assert.ok(Buffer.byteLength(code) <= 10_240, `${Buffer.byteLength(code)} bytes`);
});

test("what a client says in our name is taken away, and the viewer's host and address are told", async () => {
  const event = asked(`/d/${token({ ...CLAIMS, 312: { 3: { 0: "/f/a" } } }, { secret })}`, {
    headers: [["X-CloudDrop-Host", "evil.example"], ["x-clouddrop-address", "::1"], ["x-clouddrop-authorization", "x"], ["X-ClouddropX", "stays"]],
    event: { address: "2001:db8::7" },
  });
  const { headers } = await ask(event);
  assert.deepEqual(Object.keys(headers).sort(), ["host", "x-clouddrop-address", "x-clouddrop-host", "x-clouddropx"]);
  assert.equal(headers["x-clouddrop-host"].value, "files.example.net");
  assert.equal(headers["x-clouddrop-address"].value, "2001:db8::7");
});

test("one wrong bit of the MAC is enough, for the first and the last", async () => {
  assert.equal((await ask(asked(`/d/${good}/a`))).statusCode, undefined);
  const bytes = Buffer.from(good, "base64url");
  for (const at of [bytes.length - 1, bytes.length - 32, bytes.length - 34 - 1]) {
    const other = Buffer.from(bytes);
    other[at] ^= 1;
    assert.equal((await ask(asked(`/d/${other.toString("base64url")}/a`))).statusCode, 401, `byte ${at}`);
  }
});

test("every refusal before the MAC is one reply", async () => {
  const replies = [];
  for (const text of ["", "AAAA", forged(good), "A".repeat(1400)]) {
    const { statusCode, headers, body } = await ask(asked(`/d/${text}`));
    if (statusCode) replies.push(JSON.stringify({ statusCode, headers, body }));
  }
  assert.ok(replies.length === 4 && new Set(replies).size === 1, replies.join("\n"));
});

test("a store, a module or an event that is not as documented refuses nobody", async () => {
  const expired = asked.bind(null, `/d/${token({ ...CLAIMS, 4: 1 }, { secret })}/a`);
  const broken = () => {
    throw new Error("broken");
  };
  assert.equal((await ask(expired())).statusCode, 403);
  for (const [name, sides] of Object.entries({
    "no key": { store: {} },
    "a store that fails": { kvs: broken },
    "a store that holds something else": { store: { "token-key/b": { demo: 7 } } },
    "a module that cannot read this token": { validate: broken },
    "claims that are not decoded": { validate: (bytes, context) => ({ ...validateToken(bytes, context), payload: Buffer.alloc(1) }) },
    "no claims": { validate: () => ({}) },
    "byte strings in another form": { validate: (bytes, context) => ({ payload: { ...validateToken(bytes, context).payload, "-65545": "00" } }) },
  })) {
    const answer = await ask(expired(), sides);
    assert.equal(answer.statusCode, undefined, name);
    assert.equal(answer.headers["x-clouddrop-host"].value, "files.example.net", name);
  }
  const without = expired();
  delete without.request.rawQueryString;
  without.request.querystring = { CAT: { value: "x" } };
  assert.equal((await ask(without)).statusCode, undefined);
  // A module that cannot read the token does not make a forged one good.
  assert.equal((await ask(asked(`/d/${forged(good)}/a`), { validate: broken })).statusCode, 401);
});

test("the clocks of two places may differ by five seconds", async () => {
  const at = async (claims, now) => (await ask(asked(`/d/${token({ ...CLAIMS, ...claims }, { secret })}/a`), {}, now)).statusCode;
  assert.equal(await at({ 4: 1_000_000 }, 1_000_004_999), undefined);
  assert.equal(await at({ 4: 1_000_000 }, 1_000_005_000), 403);
  assert.equal(await at({ 5: 1_000_000 }, 999_995_000), undefined);
  assert.equal(await at({ 5: 1_000_000 }, 999_994_999), 403);
});

test("a claim that is not known here is the next function's", async () => {
  for (const claims of [{ 309: 1 }, { 40_000: "x" }, { 308: 2 }, { "-65540": 9 }, { 1: 5 }]) {
    assert.equal((await ask(asked(`/d/${token({ ...CLAIMS, 4: 1, ...claims }, { secret })}/a`))).statusCode, undefined);
  }
});

test("a cookie that two readers could read differently is the next function's", async () => {
  const name = "CTA-Common-Access-Token";
  const with_ = async (cookie) => (await ask(asked("/f/a", { headers: [["cookie", cookie]] }))).statusCode;
  assert.equal(await with_("a=b"), 401);
  assert.equal(await with_(`${name}=${forged(good)}`), 401);
  assert.equal(await with_(`${name}=${good}`), undefined);
  assert.equal(await with_(`a="b, ${name}=${good}"`), undefined);
});

test("two tokens, a script and a person are the next function's", async () => {
  const bad = `/d/${forged(good)}/a`;
  const with_ = async (headers, url = bad) => (await ask(asked(url, { headers }))).statusCode;
  assert.equal(await with_([]), 401);
  assert.equal(await with_([["authorization", `Bearer ${forged(good)}`]]), 401);
  for (const other of [good, "x"]) {
    assert.equal(await with_([["authorization", `Bearer ${other}`]]), undefined);
    assert.equal(await with_([["cta-common-access-token", other]]), undefined);
    assert.equal(await with_([], `${bad}?a=b&CAT=${other}`), undefined);
  }
  assert.equal(await with_([["accept", "text/html,*/*"]]), undefined);
  assert.equal(await with_([["accept", "*/*"]]), 401);
  assert.equal(await with_([["origin", "https://share.example.com"]]), undefined);
});

test("what it takes, beside doing nothing", async (t) => {
  const nothing = load("async function handler(event){return event.request}", {});
  const run = load(code, { store });
  const time = async (handler, text, count = 3000) => {
    const events = Array.from({ length: count }, () => asked(`/d/${text}/a`));
    const begun = process.hrtime.bigint();
    for (const event of events) await handler(event, NOW);
    return Number(process.hrtime.bigint() - begun) / count / 1000;
  };
  for (const handler of [nothing, run]) await time(handler, good, 500);
  const figures = [await time(nothing, good), await time(run, good), await time(run, forged(good)), await time(run, "AAAA")];
  const [none, pass, mac, junk] = figures.map((micros) => micros.toFixed(1));
  t.diagnostic(`us a call: nothing ${none}, a good token ${pass}, a wrong MAC ${mac}, no token ${junk}`);
  assert.ok(figures[1] < 1000, `${pass} us, and CloudFront gives it about 1 ms`);
});
