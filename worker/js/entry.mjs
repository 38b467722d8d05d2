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
// Set by the `worker` crate when a panic ended an instance while it was waiting for something.
const state = rules.__worker_init_state();
// A fault throws here, with every fault in its message: the Worker does not start.
rules.configure(variables);

// The fields that the rules read of an origin's answer.
const originHeaders = rules.origin_headers().split("\n");

// The fixed headers of each kind of reply.
const headerSets = rules.header_sets().split("\n\n").map((set) => {
  const lines = set.split("\n");
  const headers = new Headers();
  for (let i = 0; i + 1 < lines.length; i += 2) headers.set(lines[i], lines[i + 1]);
  return headers;
});

// One header object for each line of names that the rules write: a few dozen. Whoever takes one gives it all
// its values before it is copied, natively, into a request or a reply; so nothing of the last one is left. A
// value that stands there already is not set again: comparing texts is cheaper than crossing over.
const shapes = new Map();
function filled(set, lines, at) {
  const key = set + lines[at];
  let shape = shapes.get(key);
  if (!shape) {
    const names = lines[at] ? lines[at].split(" ") : [];
    shape = { headers: new Headers(headerSets[set]), names, values: names.map(() => undefined) };
    shapes.set(key, shape);
  }
  const { headers, names, values } = shape;
  for (let i = 0; i < names.length; i++) {
    const value = lines[at + 1 + i];
    if (values[i] !== value) {
      values[i] = undefined; // in case that the next line throws
      headers.set(names[i], value);
      values[i] = value;
    }
  }
  return shape;
}

// Names for requests that the platform gives none: random by instance, then counted. Randomness is not to
// be had before the first request.
let idPrefix = "";
let idCount = 0;
function nextId() {
  idPrefix ||= crypto.randomUUID().slice(0, 13) + "-";
  return idPrefix + (idCount++).toString(36);
}

export default {
  // Not async, and one promise a read: each further one costs as much as a header.
  fetch(request, bindings, context) {
    try {
      if (state.criticalError) replaceInstance();
      const method = request.method;
      const reply = method === "GET" || method === "HEAD" ? read(request) : undefined;
      return reply ?? rules.fetch(request, bindings, context).catch(broken);
    } catch (error) {
      return broken(error);
    }
  },
};

// Texts cross as UTF-8, written natively into one array that is copied into wasm's memory before it is used
// again. A longer text, which only a hostile request makes, gets an array of its own.
const encoder = new TextEncoder();
const scratch = new Uint8Array(32_768);
function encoded(text) {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

// Answers a read of an object; undefined if the request is not one.
function read(request) {
  let question = describe(request, "?");
  let answer = rules.gate(encoded(question), Date.now());
  if (answer === "P") {
    const { country, regionCode, asn } = request.cf ?? {};
    question = describe(request, `${country ?? ""},${regionCode ?? ""},${asn ?? ""}`);
    answer = rules.gate(encoded(question), Date.now());
  }
  if (answer === "W") return undefined;
  const lines = answer.split("\n");
  return lines[0] === "F" ? ask(question, lines, MOST_QUESTIONS) : respond(lines, null);
}

// Sends what the rules signed and settles the answer. A request that is late goes on by itself until the
// platform ends it with the reply: there is nothing to abort it for.
function ask(question, lines, left) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(unreached(question, "timeout")), FIRST_BYTE_MILLIS);
    send(lines).then(
      (origin) => {
        clearTimeout(timer);
        resolve(settle(question, lines[3], origin, undefined, left));
      },
      () => {
        clearTimeout(timer);
        resolve(unreached(question, "unreachable"));
      },
    );
  }).catch(broken);
}

// What follows from the origin's answer: the reply, the body of an error, or another question.
function settle(question, expect, origin, errorBody, left) {
  try {
    const head = `${origin.status}\n${expect}\n${originFields(origin.headers)}`;
    const now = Date.now();
    const lines = rules.settle(encoded(head), errorBody, now).split("\n");
    switch (lines[0]) {
      case "Q":
        return respond(rules.refuse(encoder.encode(question), encoded(head), errorBody, now).split("\n"), origin);
      case "R":
        return respond(lines, origin);
      case "B":
        return startOf(origin).then((text) => settle(question, lines[1], origin, text, left));
      default:
        drop(origin);
        if (left === 1) throw new Error("the origin keeps changing its answer");
        return ask(question, lines, left - 1);
    }
  } catch (error) {
    return broken(error);
  }
}

function unreached(question, cause) {
  return respond(rules.unreachable(encoded(question), cause).split("\n"), null);
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
  const { headers } = filled("", lines, 4);
  return fetch(lines[2], { method: lines[1], headers, redirect: "manual" });
}

function respond(lines, origin) {
  if (lines[4]) log(lines[4]);
  const { headers, names } = filled(lines[2], lines, 5);
  let body = null;
  if (lines[3] === "O") {
    body = origin.body;
  } else {
    if (lines[3] === "T") body = lines.slice(6 + names.length).join("\n");
    drop(origin);
  }
  return new Response(body, { status: +lines[1], headers });
}

// Ends a stream that nobody will read. One that was read to its end needs none of it.
function drop(origin) {
  if (origin?.body && !origin.bodyUsed) origin.body.cancel().catch(() => {});
}

function log(line) {
  if (line.endsWith('"alarm":true}')) console.error(line);
  else console.log(line);
}

// The start of an error's body, as text; as much of it as arrives, if the connection breaks.
async function startOf(response) {
  const decoder = new TextDecoder();
  let text = "";
  try {
    let length = 0;
    const reader = response.body?.getReader();
    while (reader && length < ERROR_BYTES) {
      const { done, value } = await reader.read();
      if (done) return text;
      length += value.byteLength;
      text += decoder.decode(value, { stream: true });
    }
    reader?.cancel().catch(() => {});
  } catch {
    // The code may have come before the break; if not, the rules know what to say.
  }
  return text;
}

// Our fault.
function broken(error) {
  console.error(JSON.stringify({ code: "internal", reason: String(error?.stack ?? error), alarm: true }));
  if (error instanceof WebAssembly.RuntimeError) replaceInstance();
  return respond(rules.internal(nextId()).split("\n"), null);
}

// A wasm instance that panicked is not to be trusted: a new one takes its place.
function replaceInstance() {
  state.criticalError = false;
  rules.__wbg_reset_state();
  rules.configure(variables);
}
