// The secrets of the built package: asked for as AWS wants it, kept, asked for again, done without for a while. Secrets
// Manager is a mock, which checks the signature by Node's own crypto: no emulator of it can be told to fail.
//   cargo xtask build lambda-edge && node --test lambda-edge/test/*.test.mjs
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";

const code = join(import.meta.dirname, "../../target/lambda-edge/code");
const ID = "arn:aws:secretsmanager:us-east-1:123456789012:secret:edge-AbCdEf";
const IDENTITY = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "planted-secret-key", AWS_SESSION_TOKEN: "planted-session" };
const keyOf = (kid) => ({ issuer: "demo", kid, secret: Buffer.from(`planted-token-key-${kid}-0123456789abcdef`).toString("base64url") });
const good = { TOKEN_KEYS: JSON.stringify([keyOf("a"), keyOf("b")]) };

const folder = mkdtempSync(join(tmpdir(), "clouddrop-secrets-"));
const real = { now: Date.now, log: console.log, error: console.error };
let asked = [];
let answer;
let clock = 0;
let written = "";
let copies = 0;

const manager = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  asked.push({ method: request.method, headers: request.headers, body });
  const { status = 200, json } = answer;
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
  response.end(JSON.stringify(json ?? { SecretString: JSON.stringify(answer.secret) }));
});

before(async () => {
  await new Promise((resolve) => manager.listen(0, "127.0.0.1", resolve));
  Object.assign(process.env, IDENTITY);
  Date.now = () => real.now() + clock;
  console.log = console.error = (line) => (written += `${line}\n`);
});

after(() => {
  manager.close();
  rmSync(folder, { recursive: true });
  Object.assign(console, { log: real.log, error: real.error });
});

beforeEach(() => {
  asked = [];
  clock = 0;
  written = "";
  answer = { secret: good };
});

// The functions of an instance that has just started.
async function instance() {
  const own = join(folder, String(copies++));
  cpSync(code, own, { recursive: true });
  const config = {
    FILE_HOST: "files.example.net",
    PAGE_HOST: "share.example.com",
    AUDIENCE: "demo-edge",
    ORIGIN: "http://127.0.0.1:1/bucket",
    REGION: "eu-central-1",
    OBJECT_PREFIX: "files/",
    SIGNER_URL: "http://127.0.0.1:1",
    SECRETS_ID: ID,
    SECRETS_REGION: "us-east-1",
    SECRETS_ENDPOINT: `http://127.0.0.1:${manager.address().port}`,
  };
  writeFileSync(join(own, "config.json"), JSON.stringify(config));
  const functions = await import(pathToFileURL(join(own, "index.mjs")).href);
  const headers = { host: [{ key: "Host", value: "files.example.net" }] };
  const request = { clientIp: "192.0.2.1", method: "GET", uri: "/healthz", querystring: "", headers };
  return () => functions.originRequest({ Records: [{ cf: { config: { requestId: "request-1" }, request: structuredClone(request) } }] });
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

// The signature that AWS would make of what has arrived (SigV4, "Create a signed AWS API request").
function signatureOf({ headers, body }) {
  const [, scope, names] = /Credential=AKIDEXAMPLE\/([^,]+), SignedHeaders=([^,]+),/.exec(headers.authorization);
  const canonical = ["POST", "/", "", ...names.split(";").map((name) => `${name}:${headers[name]}`), "", names, sha256(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce(hmac, `AWS4${IDENTITY.AWS_SECRET_ACCESS_KEY}`);
  return { signature: hmac(key, toSign).toString("hex"), scope, names };
}

test("they are asked for once, signed, before the first answer", async () => {
  const ask = await instance();
  for (let n = 0; n < 3; n++) assert.equal((await ask()).status, "200");
  assert.equal(asked.length, 1);
  const [{ headers, body }] = asked;
  assert.deepEqual(JSON.parse(body), { SecretId: ID });
  assert.equal(headers["x-amz-target"], "secretsmanager.GetSecretValue");
  assert.equal(headers["x-amz-security-token"], IDENTITY.AWS_SESSION_TOKEN);
  const { signature, scope, names } = signatureOf(asked[0]);
  assert.match(scope, /\/us-east-1\/secretsmanager\/aws4_request$/);
  assert.ok(headers.authorization.endsWith(`Signature=${signature}`));
  for (const name of ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target"]) assert.ok(names.split(";").includes(name), name);
});

test("while they cannot be had every answer is 503, and soon they are tried again", async () => {
  answer = { status: 500, json: { __type: "planted-detail" } };
  const ask = await instance();
  const refused = await ask();
  assert.equal(refused.status, "503");
  assert.equal(refused.headers["content-type"][0].value, "application/problem+json");
  assert.equal(JSON.parse(refused.body).code, "origin_unavailable");
  assert.equal(JSON.parse(refused.body).request_id, "request-1");
  for (const name of ["strict-transport-security", "retry-after", "cache-control"]) assert.ok(refused.headers[name], name);
  assert.equal((await ask()).status, "503");
  assert.equal(asked.length, 1, "a pause between two tries");
  answer = { secret: good };
  clock = 6_000;
  assert.equal((await ask()).status, "200");
  assert.match(written, /"code":"secrets".*status 500.*"alarm":true/);
});

test("a secret that is none is named without its value, and can be mended", async () => {
  for (const secret of [{}, { TOKEN_KEYS: 7 }, { TOKEN_KEYS: '[{"issuer":"demo","kid":"a","secret":"planted-short"}]' }, "planted-text"]) {
    asked = [];
    answer = { secret };
    clock = 0;
    const ask = await instance();
    assert.equal((await ask()).status, "503", JSON.stringify(secret));
    answer = { secret: good };
    clock = 6_000;
    assert.equal((await ask()).status, "200");
  }
  assert.match(written, /TOKEN_KEYS/);
  assert.doesNotMatch(written, /planted/);
});

test("after five minutes a rotation is seen; until newer ones can be had those that are held go on", async () => {
  const ask = await instance();
  assert.equal((await ask()).status, "200");
  clock = 301_000;
  answer = { status: 500, json: {} };
  assert.equal((await ask()).status, "200");
  answer = { secret: { TOKEN_KEYS: "planted, no JSON" } };
  clock = 310_000;
  assert.equal((await ask()).status, "200");
  assert.equal(asked.length, 3);
  answer = { secret: { TOKEN_KEYS: JSON.stringify([keyOf("c"), keyOf("a"), keyOf("b")]) } };
  clock = 320_000;
  assert.equal((await ask()).status, "200");
  clock = 330_000;
  assert.equal((await ask()).status, "200");
  assert.equal(asked.length, 4);
  assert.equal(written.match(/newer secrets cannot be had/g).length, 2);
  assert.doesNotMatch(written, /planted/);
});
