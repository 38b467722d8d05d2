// The short way of a read through the edge: one call into wasm with what the decision needs, one answer
// out, the origin's body handed through untouched. Every rule is in Rust; this file converts and performs.
// The texts that cross are described in core/src/border.rs.
import { env } from "cloudflare:workers";
import * as rules from "./clouddrop.js";
import module from "./clouddrop_bg.wasm";

// Longest wait for the first byte of the origin's answer.
const FIRST_BYTE_MILLIS = 8_000;
// How much of an error's body the rules read.
const ERROR_BYTES = 8_192;
// How often one read may ask the origin: the request, without its range, why it was refused.
const MOST_QUESTIONS = 3;

const variables = JSON.stringify(
  Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === "string")),
);

rules.initSync({ module });
// A fault throws here, with every fault in its message: the Worker does not start.
rules.configure(variables);

// The fields that the rules read of an origin's answer.
const originHeaders = rules.origin_headers().split("\n");

// The fixed headers of each kind of reply, made once and copied natively.
const headerSets = rules.header_sets().split("\n\n").map((set) => {
  const lines = set.split("\n");
  const headers = new Headers();
  for (let i = 0; i + 1 < lines.length; i += 2) headers.set(lines[i], lines[i + 1]);
  return headers;
});

// Names for requests that the platform gives none: random by instance, then counted. Randomness is not to
// be had before the first request.
let idPrefix = "";
let idCount = 0;
function nextId() {
  idPrefix ||= crypto.randomUUID().slice(0, 13) + "-";
  return idPrefix + (idCount++).toString(36);
}

export default {
  async fetch(request, bindings, context) {
    try {
      const method = request.method;
      if (method === "GET" || method === "HEAD") {
        const reply = await read(request);
        if (reply) return reply;
      }
      return await rules.fetch(request, bindings, context);
    } catch (error) {
      return broken(error);
    }
  },
};

// Answers a read of an object; undefined if the request is not one.
async function read(request) {
  let question = describe(request, "?");
  let answer = rules.gate(question, Date.now());
  if (answer === "P") {
    const { country, regionCode, asn } = request.cf ?? {};
    question = describe(request, `${country ?? ""},${regionCode ?? ""},${asn ?? ""}`);
    answer = rules.gate(question, Date.now());
  }
  for (let asked = 0; asked < MOST_QUESTIONS; asked++) {
    const lines = answer.split("\n");
    if (lines[0] === "R") return respond(lines, null);
    if (lines[0] === "W") return undefined;
    let origin;
    try {
      origin = await send(lines);
    } catch (error) {
      const cause = error?.name === "TimeoutError" ? "timeout" : "unreachable";
      return respond(rules.unreachable(question, cause).split("\n"), null);
    }
    const fields = originFields(origin.headers);
    answer = rules.settle(question, `${origin.status}\n${lines[3]}\n${fields}`, undefined, Date.now());
    if (answer.charCodeAt(0) === 66 /* B */) {
      const expect = answer.slice(2);
      const text = await startOf(origin);
      answer = rules.settle(question, `${origin.status}\n${expect}\n${fields}`, text, Date.now());
    }
    if (answer.charCodeAt(0) === 82 /* R */) return respond(answer.split("\n"), origin);
    origin.body?.cancel();
  }
  throw new Error("the origin keeps changing its answer");
}

// A request as text. Header names hold no comma, so name and value come apart at the first one.
function describe(request, place) {
  return `${request.method}\n${request.url}\n${nextId()}\n${place}\n${[...request.headers].join("\n")}`;
}

function originFields(headers) {
  let fields = "";
  for (const name of originHeaders) {
    const value = headers.get(name);
    if (value !== null) fields += `${name},${value}\n`;
  }
  return fields;
}

function send(lines) {
  const headers = {};
  for (let i = 4; i + 1 < lines.length; i += 2) headers[lines[i]] = lines[i + 1];
  return fetch(lines[2], {
    method: lines[1],
    headers,
    redirect: "manual",
    signal: AbortSignal.timeout(FIRST_BYTE_MILLIS),
  });
}

function respond(lines, origin) {
  const end = 6 + 2 * lines[5];
  if (lines[4]) log(lines[4]);
  let body = null;
  if (lines[3] === "O") {
    body = origin.body;
  } else {
    if (lines[3] === "T") body = lines.slice(end).join("\n");
    origin?.body?.cancel();
  }
  // The set is copied natively; only the reply's own headers cross one by one.
  const response = new Response(body, { status: +lines[1], headers: headerSets[lines[2]], encodeBody: "manual" });
  const headers = response.headers;
  for (let i = 6; i < end; i += 2) headers.set(lines[i], lines[i + 1]);
  return response;
}

function log(line) {
  if (line.endsWith('"alarm":true}')) console.error(line);
  else console.log(line);
}

// The start of an error's body, as text.
async function startOf(response) {
  if (!response.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  const reader = response.body.getReader();
  while (length < ERROR_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text;
    length += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

// Our fault. A wasm instance that panicked is not to be trusted: a new one takes its place.
function broken(error) {
  console.error(JSON.stringify({ code: "internal", alarm: true, reason: String(error?.stack ?? error) }));
  if (error instanceof WebAssembly.RuntimeError) {
    rules.__wbg_reset_state();
    rules.configure(variables);
  }
  return respond(rules.internal(nextId()).split("\n"), null);
}
