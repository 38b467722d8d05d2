// Runs cases through the functions of the built Lambda@Edge package, as events of CloudFront: in instances of one
// configuration and one moment, each for so few cases that no limit of an instance is reached; and with the case's answers in the place of S3 and the signer (a mock, since
// the cases are about answers that no server gives). Prints what came of each; the caller compares.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { fileURLToPath, pathToFileURL } from "node:url";

const MOST_CASES = 12;
const IDENTITY = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

async function main() {
  const { code, cases } = JSON.parse(readFileSync(0, "utf8"));
  const groups = [];
  const open = new Map();
  cases.forEach((one, at) => {
    const key = JSON.stringify([one.variables, one.now]);
    if (!open.has(key) || open.get(key).length === MOST_CASES) {
      open.set(key, []);
      groups.push(open.get(key));
    }
    open.get(key).push({ ...one, at });
  });
  const results = [];
  const folder = mkdtempSync(join(tmpdir(), "clouddrop-cases-"));
  try {
    for (const group of groups) {
      cpSync(code, folder, { recursive: true });
      const variables = { ...group[0].variables };
      const identity = Object.fromEntries(IDENTITY.filter((name) => name in variables).map((name) => [name, variables[name]]));
      for (const name of IDENTITY) delete variables[name];
      writeFileSync(join(folder, "config.json"), JSON.stringify(variables));
      for (const { expected } of group) {
        if (expected.reply?.body.kind === "asset") writeFileSync(join(folder, "web", expected.reply.body.name), "asset");
      }
      const told = await run(folder, identity, group);
      group.forEach(({ at }, place) => (results[at] = told[place]));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  process.stdout.write(JSON.stringify(results));
}

function run(folder, env, group) {
  return new Promise((resolve, reject) => {
    const thread = new Worker(fileURLToPath(import.meta.url), { workerData: { folder, group }, env, stdout: true });
    thread.once("message", (told) => {
      resolve(told);
      thread.terminate();
    });
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("an instance ended before its last case")));
  });
}

async function instance() {
  const { folder, group } = workerData;
  const real = { now: Date.now, fetch: globalThis.fetch, setTimeout: globalThis.setTimeout };
  // No case waits between two tries.
  globalThis.setTimeout = (call, millis, ...more) => real.setTimeout(call, millis > 4_000 ? millis : 0, ...more);
  const told = [];
  let functions;
  for (const one of group) {
    let clock = one.now;
    Date.now = () => clock;
    const sent = [];
    globalThis.fetch = async (url, { method = "GET", headers = {} } = {}) => {
      if (String(url).endsWith("/records/revoked")) return new Response(Buffer.from(one.list, "base64url"), { headers: { etag: '"list"' } });
      // No case is about a counter: pages are good without it.
      if (String(url).includes("/records/counters/")) throw new Error("no counter");
      const fields = headers instanceof Headers ? Object.fromEntries(headers) : headers;
      sent.push({ method, url, headers: fields });
      if (one.answers.length === 0) throw new Error("no answer");
      return answerOf(one, sent.length);
    };
    functions ??= await import(pathToFileURL(join(folder, "index.mjs")).href);
    try {
      told.push(await perform(functions, one, sent));
    } catch (error) {
      told.push({ thrown: String(error?.stack ?? error) });
    }
  }
  parentPort.postMessage(told);
}

// The n-th answer of a case; the last one stands for all that follow.
const answerOf = (one, n) => {
  const { status, headers, body } = one.answers[Math.min(n, one.answers.length) - 1];
  const answer = new Response([101, 204, 205, 304].includes(status) ? null : body, { status, headers });
  // Of a text's type, which the standard adds by itself, S3 knows nothing.
  if (!headers.some(([name]) => name.toLowerCase() === "content-type")) answer.headers.delete("content-type");
  return answer;
};

async function perform(functions, one, sent) {
  const request = eventRequest(one);
  if (!request) return { skipped: true };
  const cf = { config: { requestId: "case-1", eventType: "origin-request" }, request };
  const viewer = await functions.viewerRequest({ Records: [{ cf: withoutCloudFronts(structuredClone(cf)) }] });
  const first = await functions.originRequest({ Records: [{ cf }] });
  if (first.status) return { viewer, answer: first, sent };
  const { origin, headers } = first;
  const { domainName, port, protocol } = origin.custom;
  const own = port === (protocol === "https" ? 443 : 80) ? "" : `:${port}`;
  const fetched = {
    method: first.method,
    url: `${protocol}://${domainName}${own}${first.uri}`,
    headers: Object.fromEntries(Object.entries(headers).map(([name, [{ value }]]) => [name, value])),
  };
  if (one.answers.length === 0) return { viewer, handedOver: fetched, sent };
  // Where a function has asked before, what goes on is what it has asked last.
  const { status, headers: fields } = one.answers[Math.min(Math.max(sent.length, 1), one.answers.length) - 1];
  const response = { status: String(status), statusDescription: "", headers: listOf(fields) };
  // What is asked again as it was gets the same answer, for its body; every other question the next one.
  const [known, rest] = [globalThis.fetch, { ...one, answers: one.answers.slice(1) }];
  globalThis.fetch = async (url, options) => {
    if (!String(url).includes("/files/") && !String(url).includes("/bucket/")) return known(url, options);
    const isSame = options.method === first.method && options.headers.range === first.headers.range?.[0].value;
    return answerOf(isSame || rest.answers.length === 0 ? one : rest, isSame ? 1 : sent.push({ url: String(url) }));
  };
  const event = { ...cf, config: { ...cf.config, eventType: "origin-response" }, request: first, response };
  return { viewer, handedOver: fetched, answer: await functions.originResponse({ Records: [{ cf: event }] }), sent };
}

// CloudFront's own fields come behind the cache only, and so does the body.
function withoutCloudFronts(cf) {
  const { headers } = cf.request;
  for (const name of Object.keys(headers)) if (/^cloudfront-viewer-/.test(name)) delete headers[name];
  delete cf.request.body;
  return cf;
}

const listOf = (fields) => {
  const list = {};
  for (const [name, value] of fields) (list[name.toLowerCase()] ??= []).push({ key: name, value });
  return list;
};

// The event of a request; none where CloudFront could have none like it: it knows no other authority than Host.
function eventRequest({ method, url, headers, address, place, body }) {
  const [, scheme, authority, target] = /^([a-z]+):\/\/([^/?]*)(.*)$/s.exec(url) ?? [];
  const list = listOf(headers);
  if (!target?.startsWith("/") || list.host?.length !== 1 || list.host[0].value !== authority) return undefined;
  if (headers.some(([name, value]) => /[\r\n\0]/.test(name + value))) return undefined;
  if (scheme !== "https") list["cloudfront-forwarded-proto"] = [{ key: "CloudFront-Forwarded-Proto", value: scheme }];
  const [country, region, asn] = place ?? [];
  for (const [name, value] of [["cloudfront-viewer-country", country], ["cloudfront-viewer-country-region", region], ["cloudfront-viewer-asn", asn]]) {
    if (value) list[name] = [{ key: name, value: String(value) }];
  }
  const at = target.indexOf("?");
  return {
    clientIp: address ?? undefined,
    method,
    uri: at < 0 ? target : target.slice(0, at),
    querystring: at < 0 ? "" : target.slice(at + 1),
    headers: list,
    body: body ? { inputTruncated: false, action: "read-only", encoding: "base64", data: Buffer.from(body).toString("base64") } : undefined,
  };
}

await (isMainThread ? main() : instance());
