// Measures the Lambda@Edge package beside a JavaScript handler that does the same, in one run and in turns: a cold start,
// as a new Node.js process that loads the package and answers its first event, and the time of an event after that.
//   node bench.mjs CODE TOOL OUT      CODE: the built code; TOOL: the command line `clouddrop`, which mints; OUT: a folder
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, rmSync, writeFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { SignJWT } from "jose";

const [, , code, tool, out] = process.argv;
const COLD_STARTS = 15;
const ROUNDS = 7;
const EVENTS = 20_000;
// An instance lets so many requests of one token through: there are enough of them.
const TOKENS = 80;

rmSync(out, { recursive: true, force: true });
const secrets = [randomBytes(32), randomBytes(32)];
const keys = JSON.stringify(secrets.map((bytes, at) => ({ issuer: "demo", kid: `key-${at}`, secret: bytes.toString("base64url") })));
const identity = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: randomBytes(30).toString("base64") };
const bucket = { ORIGIN: "https://bucket.s3.eu-central-1.amazonaws.com", REGION: "eu-central-1", OBJECT_PREFIX: "files/" };

const ours = join(out, "ours");
cpSync(code, ours, { recursive: true });
const names = { FILE_HOST: "files.example.net", PAGE_HOST: "share.example.com", AUDIENCE: "demo-edge" };
const config = { ...names, ...bucket, SIGNER_URL: "https://signer.example.com", SECRETS_ID: "edge", SECRETS_REGION: "eu-central-1" };
writeFileSync(join(ours, "config.json"), JSON.stringify(config));
writeFileSync(join(ours, "secret.json"), JSON.stringify({ TOKEN_KEYS: keys }));
const mint = () =>
  JSON.parse(execFileSync(tool, ["token", "mint", "--json", "--audience", "demo-edge", "docs/report.pdf"], { env: { CLOUDDROP_TOKEN_KEYS: keys } })).token;
writeFileSync(join(ours, "tokens"), Array.from({ length: TOKENS }, mint).join("\n"));

const peer = join(out, "peer");
mkdirSync(peer, { recursive: true });
await build({ entryPoints: [join(import.meta.dirname, "peer.mjs")], outfile: join(peer, "index.mjs"), bundle: true, minify: true, format: "esm", platform: "node", target: "node22", logLevel: "error" });
writeFileSync(join(peer, "config.json"), JSON.stringify({ ...bucket, ISSUER: "demo", AUDIENCE: "demo-edge", SECRETS_ID: "edge" }));
writeFileSync(join(peer, "secret.json"), JSON.stringify({ TOKEN_SECRET: secrets[0].toString("base64url") }));
const sign = () =>
  new SignJWT({ methods: ["GET", "HEAD"], path: "docs/report.pdf", jti: randomBytes(16).toString("base64url") })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer("demo")
    .setAudience("demo-edge")
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secrets[0].toString("base64url")));
writeFileSync(join(peer, "tokens"), (await Promise.all(Array.from({ length: TOKENS }, sign))).join("\n"));

const subjects = { "CloudDrop (Rust)": ours, "jose + SigV4 (JavaScript)": peer };
const results = Object.fromEntries(Object.keys(subjects).map((name) => [name, { cold: [], warm: [] }]));
for (let n = 0; n < COLD_STARTS; n++) {
  for (const [name, folder] of Object.entries(subjects)) results[name].cold.push((await run(folder, 1)).first);
}
for (let n = 0; n < ROUNDS; n++) {
  for (const [name, folder] of Object.entries(subjects)) results[name].warm.push((await run(folder, EVENTS)).each);
}
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const told = (values, digits) => `${median(values).toFixed(digits)} [${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)}]`;
const [mine, theirs] = Object.values(results);
const ratio = (kind) => theirs[kind].map((value, at) => value / mine[kind][at]);
console.log("| handler | cold start, ms | an event, us |\n| --- | ---: | ---: |");
for (const [name, { cold, warm }] of Object.entries(results)) console.log(`| ${name} | ${told(cold, 1)} | ${told(warm, 1)} |`);
console.log(`\nTimes as fast as the peer: cold ${told(ratio("cold"), 2)}, an event ${told(ratio("warm"), 2)}.`);
console.log(`The wasm has ${Math.round(statSync(join(ours, "clouddrop_bg.wasm")).size / 1000)} kB.`);

// A new process: loads the handler, answers `events` events of one request, tells the milliseconds.
function run(folder, events) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "instance.mjs"), folder, String(events)], {
      env: identity,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.once("message", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`an instance ended with ${code}`)));
  });
}
