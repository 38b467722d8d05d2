// The way of a request through the edge: one call into wasm with what the decision needs, one answer out, the
// origin's body handed through untouched. Every rule is in Rust; this file converts and performs. The texts that
// cross are described in core/src/border.rs; the numbers below are places of their lines.
import { collect, within } from "./collect.mjs";
import { giveBack, left, reserve, take } from "./counter.mjs";
import { Shelf } from "./kept.mjs";
import { limit } from "./limits.mjs";
import { refreshIfIdle, refreshList } from "./revocations.mjs";
import { replaceInstance, rules, settings, state } from "./rules.mjs";

export { LinkCounter, TokenBucket } from "./counter.mjs";

// How often one request may ask the origin something else: without its range, why it was refused.
const MOST_QUESTIONS = 4;
// Lines of a request to the origin,
const LIMITS = 1;
const USES = 2;
const LOG_OF_FETCH = 3;
const FLAGS = 4;
const WAIT = 5;
const TIME = 6;
const METHOD = 7;
const URL = 8;
const EXPECT = 9;
const FETCH_NAMES = 10;
// and of a reply.
const LOG = 2;
const STATUS = 3;
const SET = 4;
const BODY = 5;
const BYTES = 6;
const FIELDS = 7;
const NAMES = 8;

const [cacheBytes, tellsTimes, firstByteMillis] = settings;
const kept = new Shelf(cacheBytes);

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
    const asked = {
      question: "",
      started: Date.now(),
      attempt: 1,
      questions: MOST_QUESTIONS,
      // The log line's beginning, and what is known of the way that was taken.
      log: "{",
      degraded: "",
      cache: "",
      key: "",
      originStarted: 0,
      originMillis: -1,
      // What a counter is asked, and how many uses it has said are left.
      env: bindings,
      context,
      uses: "",
      left: undefined,
      // A call of the API: its answer is the signer's.
      isCall: false,
    };
    try {
      if (state.criticalError) replaceInstance();
      asked.question = describe(request, "?");
      const lines = rules.gate(encoded(asked.question), false, asked.started).split("\n");
      if (lines[0] === "P") return place(asked, request, false);
      if (lines[0] === "L") return list(asked, request);
      return go(asked, lines, request);
    } catch (error) {
      return broken(asked, error);
    }
  },
};

// Decides again, with the place of the client.
function place(asked, request, listWasAsked) {
  const { country, regionCode, asn } = request.cf ?? {};
  asked.question = describe(request, `${country ?? ""},${regionCode ?? ""},${asn ?? ""}`);
  const lines = rules.gate(encoded(asked.question), listWasAsked, asked.started).split("\n");
  return lines[0] === "L" ? list(asked, request) : go(asked, lines, request);
}

// Decides again, once the newest revocation list was asked for.
async function list(asked, request) {
  try {
    await refreshList();
    if (state.criticalError) replaceInstance();
    const lines = rules.gate(encoded(asked.question), true, Date.now()).split("\n");
    return lines[0] === "P" ? place(asked, request, true) : go(asked, lines, request);
  } catch (error) {
    return broken(asked, error);
  }
}

// Counts the request for whom it is to be counted, and performs what was decided.
function go(asked, lines, request) {
  asked.log = lines[lines[0] === "F" ? LOG_OF_FETCH : LOG];
  if (lines[LIMITS] === "") return act(asked, lines, request);
  return limit(asked.env, lines[LIMITS])
    .then((verdict) => {
      if (verdict.degraded) asked.degraded = "limits";
      if (verdict.unknown) return refused(asked, rules.uncounted);
      if (verdict.wait > 0) return refused(asked, rules.limited, verdict.wait);
      return act(asked, lines, request);
    })
    .catch((error) => broken(asked, error));
}

// Texts cross as UTF-8, written natively into one array that is copied into wasm's memory before it is used
// again. A longer text, which only a hostile request makes, gets an array of its own.
const encoder = new TextEncoder();
const scratch = new Uint8Array(32_768);
function encoded(text) {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

// Performs what the rules have decided.
function act(asked, lines, request) {
  switch (lines[0]) {
    case "F":
      asked.uses = lines[USES];
      if (lines[FLAGS].includes("r")) asked.context.waitUntil(refreshIfIdle());
      if (lines[FLAGS].includes("d")) asked.degraded = "revocations";
      return asked.uses.startsWith("left ") ? count(asked).then(() => look(asked, lines)) : look(asked, lines);
    case "W":
      return call(asked, request, +lines[3], lines[4] === "l");
    default:
      return respond(asked, lines, null);
  }
}

// A call of the API: its body is part of what the rules sign for the signer.
async function call(asked, request, most, changesList) {
  try {
    asked.isCall = true;
    const body = await bodyOf(request, most);
    const lines = rules.forward(encoder.encode(asked.question), body, Date.now()).split("\n");
    if (lines[0] === "R") return respond(asked, lines, null);
    const response = await ask(asked, lines, body);
    // What was taken back here is refused here at once.
    if (changesList && response.ok) await refreshList();
    return response;
  } catch (error) {
    return broken(asked, error);
  }
}

// The body, or more than `most` bytes of it; undefined if it cannot be read.
async function bodyOf(request, most) {
  if (!request.body) return new Uint8Array();
  const chunks = [];
  let length = 0;
  try {
    for await (const chunk of request.body) {
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length > most) break;
    }
  } catch {
    return undefined;
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

// The reply that `ask` of the rules writes to a request that goes no further.
function refused(asked, ask, ...more) {
  return respond(asked, ask(encoder.encode(asked.question), ...more).split("\n"), null);
}

// How many uses of the link are left. A page is good without it.
async function count(asked) {
  try {
    asked.left = await left(asked.env, asked.uses.slice("left ".length));
  } catch {
    asked.degraded = "counter";
  }
}

// A kept answer, where one does; the origin's, where it may be asked.
function look(asked, lines) {
  const flags = lines[FLAGS];
  if (flags.startsWith("c")) {
    asked.key = lines[URL];
    asked.cache = "miss";
    const entry = kept.get(asked.key);
    if (entry) {
      const answer = encoded(`200\n${lines[EXPECT]}\n${entry.fields}`);
      const reply = rules.kept(answer, asked.started - entry.at).split("\n");
      if (reply[0] === "R") {
        asked.cache = "hit";
        return send(asked, reply, entry);
      }
    }
  }
  return flags.endsWith("x") ? finish(asked, "closed\n" + lines[EXPECT], undefined, null, lines) : ask(asked, lines);
}

// Sends what the rules signed and settles the answer. A request that is late goes on by itself until the
// platform ends it with the reply: there is nothing to abort it for.
function ask(asked, lines, body) {
  asked.originStarted = Date.now();
  return new Promise((resolve) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      resolve(finish(asked, "timeout\n" + lines[EXPECT], undefined, null, lines));
    }, timeLeft(asked, lines));
    question(lines, body).then(
      (origin) => {
        clearTimeout(timer);
        if (isLate) drop(origin);
        else resolve(settle(asked, lines, origin));
      },
      () => {
        clearTimeout(timer);
        if (!isLate) resolve(finish(asked, "unreachable\n" + lines[EXPECT], undefined, null, lines));
      },
    );
  }).catch((error) => broken(asked, error));
}

// What follows from the origin's answer.
function settle(asked, lines, origin) {
  asked.originMillis = Date.now() - asked.originStarted;
  const fields = asked.isCall ? [...origin.headers].join("\n") : originFields(origin.headers);
  const answer = `${origin.status}\n${lines[EXPECT]}\n${fields}`;
  const next = rules.settle(encoded(answer), undefined, Date.now()).split("\n");
  if (next[0] === "R" && next[BODY] === "C") return keep(asked, lines, next, origin, fields);
  return follow(asked, next, lines, origin, answer, undefined);
}

// What the rules say: a reply, the start of a body, another question, or that they want to see the request.
function follow(asked, next, lines, origin, answer, body) {
  switch (next[0]) {
    case "R":
      return send(asked, next, origin);
    case "K":
      drop(origin);
      return claim(asked, next);
    case "B": {
      // The rest of the time for the first byte is for this, too.
      return startOf(origin, +next[2], timeLeft(asked, lines)).then((text) => {
        const again = `${origin.status}\n${next[1]}\n${originFields(origin.headers)}`;
        const settled = rules.settle(encoded(again), text, Date.now()).split("\n");
        return follow(asked, settled, lines, origin, again, text);
      });
    }
    case "Q":
      return finish(asked, answer, body, origin, lines);
    case "G":
      drop(origin);
      if (asked.questions-- === 1) throw new Error("the origin keeps changing its answer");
      return ask(asked, next);
    case "T":
      drop(origin);
      asked.attempt++;
      return new Promise((resolve) => setTimeout(resolve, next[WAIT])).then(() => ask(asked, next));
    default:
      throw new Error("an answer of the rules that is not known");
  }
}

// As `settle`, with the request: for pages, refusals and failures.
function finish(asked, answer, body, origin, lines) {
  const now = Date.now();
  const request = encoder.encode(asked.question);
  const elapsed = now - asked.started;
  const next = rules.finish(request, encoded(answer), body, asked.left, asked.attempt, elapsed, Math.random(), now).split("\n");
  return follow(asked, next, lines, origin, answer, body);
}

// Reads a small object to its end before the reply begins and puts it on the shelf. One that breaks is a failure like
// any other; one that takes its time is handed through.
function keep(asked, lines, reply, origin, fields) {
  return collect(origin, +reply[BYTES], timeLeft(asked, lines), cacheBytes / 2).then(
    (collected) => {
      if (collected === undefined) return finish(asked, "timeout\n" + lines[EXPECT], undefined, null, lines);
      const { bytes, rest } = collected;
      if (bytes && asked.key) kept.put(asked.key, fields, bytes, Date.now());
      return send(asked, reply, { bytes: bytes ?? rest, body: rest });
    },
    () => finish(asked, "unreachable\n" + lines[EXPECT], undefined, null, lines),
  );
}

// What is left for the first byte: of this attempt, and of the request.
function timeLeft(asked, lines) {
  const now = Date.now();
  return Math.max(0, Math.min(asked.originStarted + +lines[TIME], asked.started + firstByteMillis) - now);
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

function question(lines, body) {
  const { headers } = filled("", lines, FETCH_NAMES);
  return fetch(lines[URL], { method: lines[METHOD], headers, redirect: "manual", body: body?.byteLength ? body : undefined });
}

// Claims a use for the version that the origin has told.
async function claim(asked, lines) {
  const session = hex(crypto.getRandomValues(new Uint8Array(16)));
  let taken;
  try {
    taken = await take(asked.env, `${lines[1]} ${session} ${lines[2]}`);
  } catch {
    return refused(asked, rules.uncounted);
  }
  return refused(asked, rules.granted, taken, Date.now());
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The reply, once the counter of a grant knows of it: of the bytes that go out, or that the origin has failed and
// the use is to be had again.
function send(asked, lines, source) {
  if (asked.uses.startsWith("grant ") && (lines[BYTES] !== "0" || lines[STATUS] >= 500)) {
    return sendCounted(asked, lines, source).catch((error) => broken(asked, error));
  }
  return respond(asked, lines, source);
}

async function sendCounted(asked, lines, source) {
  const plan = asked.uses.slice("grant ".length);
  try {
    const bytes = +lines[BYTES];
    const reserved = await reserve(asked.env, plan, bytes);
    if (bytes > 0 && reserved !== "ok") {
      drop(source);
      return refused(asked, rules.not_reserved, reserved, Date.now());
    }
    // No body was sent: the grant is parked, unless another one was.
    if (bytes === 0 && reserved === "ok") await giveBack(asked.env, plan, 0);
  } catch {
    if (lines[BYTES] !== "0") {
      drop(source);
      return refused(asked, rules.uncounted);
    }
    asked.degraded = "counter";
  }
  return respond(asked, lines, source);
}

// The reply; `source` is the origin's answer or a kept one.
function respond(asked, lines, source) {
  const { headers, names } = filled(lines[SET], lines, NAMES);
  const kind = lines[BODY];
  let body = null;
  if (kind === "O") {
    body = source.body;
  } else if (kind === "C") {
    body = source.bytes;
  } else if (kind[0] === "K") {
    const [, first, end] = kind.split(" ");
    body = source.bytes.subarray(+first, +end);
  } else {
    if (kind === "T") body = lines.slice(NAMES + 1 + names.length).join("\n");
    drop(source);
  }
  const response = new Response(body, { status: +lines[STATUS], headers });
  const millis = Date.now() - asked.started;
  if (tellsTimes) {
    const origin = asked.originMillis < 0 ? "" : `origin;dur=${asked.originMillis}, `;
    response.headers.set("server-timing", `${origin}cache;desc="${asked.cache || "none"}", total;dur=${millis}`);
  }
  log(asked, lines, millis);
  return response;
}

// One line for each request.
function log(asked, lines, millis) {
  let line = `${asked.log}${lines[FIELDS]},"status":${lines[STATUS]},"bytes":${lines[BYTES]}`;
  if (asked.degraded) line += `,"degraded":"${asked.degraded}"`;
  if (asked.cache) line += `,"cache":"${asked.cache}"`;
  if (asked.attempt > 1) line += `,"attempts":${asked.attempt}`;
  if (asked.originMillis >= 0) line += `,"origin_ms":${asked.originMillis}`;
  line += `,"ms":${millis}}`;
  if (lines[FIELDS].endsWith('"alarm":true')) console.error(line);
  else console.log(line);
}

// Ends a stream that nobody will read. One that was read to its end needs none of it.
function drop(origin) {
  if (origin?.body && !origin.bodyUsed) origin.body.cancel().catch(() => {});
}

// The start of a body, as text; as much of it as arrives, if the connection breaks or stalls.
async function startOf(response, most, millis) {
  const decoder = new TextDecoder();
  let text = "";
  try {
    let length = 0;
    const reader = response.body?.getReader();
    const end = Date.now() + millis;
    while (reader && length < most) {
      const chunk = await within(reader.read(), end - Date.now());
      if (!chunk) break;
      if (chunk.done) return text;
      length += chunk.value.byteLength;
      text += decoder.decode(chunk.value, { stream: true });
    }
    reader?.cancel().catch(() => {});
  } catch {
    // The code may have come before the break; if not, the rules know what to say.
  }
  return text;
}

// Our fault.
function broken(asked, error) {
  console.error(JSON.stringify({ code: "internal", reason: String(error?.stack ?? error), alarm: true }));
  if (error instanceof WebAssembly.RuntimeError) replaceInstance();
  return respond(asked, rules.internal(nextId()).split("\n"), null);
}
