// CloudFront's events as files (tests/vectors/cloudfront), through the built package, without a network.
//   cargo xtask build lambda-edge && node --test lambda-edge/test/*.test.mjs
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { checkAnswer, checkRequest } from "../dev/limits.mjs";

const vectors = join(import.meta.dirname, "../../tests/vectors/cloudfront");
const code = join(import.meta.dirname, "../../target/lambda-edge/code");
const files = readdirSync(vectors).filter((name) => name.endsWith(".json"));
const folder = mkdtempSync(join(tmpdir(), "clouddrop-events-"));
cpSync(code, folder, { recursive: true });
const keyOf = (kid) => ({ issuer: "demo", kid, secret: Buffer.from(`planted-token-key-${kid}-0123456789abcdef`).toString("base64url") });
writeFileSync(
  join(folder, "config.json"),
  JSON.stringify({
    FILE_HOST: "files.example.net",
    PAGE_HOST: "share.example.com",
    AUDIENCE: "demo-edge",
    ORIGIN: "https://bucket.s3.eu-central-1.amazonaws.com",
    REGION: "eu-central-1",
    OBJECT_PREFIX: "files/",
    SIGNER_URL: "https://signer.example.com",
    TOKEN_KEYS: JSON.stringify([keyOf("a"), keyOf("b")]),
  }),
);
process.env.AWS_ACCESS_KEY_ID = "AKIDEXAMPLE";
process.env.AWS_SECRET_ACCESS_KEY = "planted-secret-key";
globalThis.fetch = () => Promise.reject(new Error("there is no network"));
console.log = console.error = () => {};
const functions = await import(pathToFileURL(join(folder, "index.mjs")).href);

after(() => rmSync(folder, { recursive: true }));

test("there are as many files as there were", () => assert.equal(files.length, 8));

for (const file of files) {
  const { about, function: name, event, expect } = JSON.parse(readFileSync(join(vectors, file), "utf8"));
  test(`${file}: ${about}`, async () => {
    const { request, config } = event.Records[0].cf;
    const before = structuredClone(request);
    const answer = JSON.parse(JSON.stringify(await functions[name](event)));
    if (expect.unchanged) return assert.deepEqual(checkRequest(config.eventType, before, answer), before);
    checkAnswer(config.eventType, answer);
    assert.equal(answer.status, expect.status);
    assert.ok(answer.headers["strict-transport-security"], "HSTS");
    assert.doesNotMatch(JSON.stringify(answer), /planted|AmazonS3/);
    if (expect.body) assert.equal(answer.body, expect.body);
    if (expect.contains) assert.ok(answer.body.includes(expect.contains), answer.body);
    if (!expect.code) return;
    const problem = JSON.parse(answer.body);
    assert.equal(problem.code, expect.code);
    if (expect.request_id) assert.equal(problem.request_id, expect.request_id);
  });
}
