// Replies, their headers and their log lines, as the rules have written them.
import { note } from "./events.mjs";
import { BODY, BYTES, FIELDS, NAMES, SET, STATUS, encoder } from "./lines.mjs";
import { replaceInstance, rules, settings } from "./rules.mjs";

const [, tellsTimes] = settings;

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
export function filled(set, lines, at) {
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
export function nextId() {
  idPrefix ||= crypto.randomUUID().slice(0, 13) + "-";
  return idPrefix + (idCount++).toString(36);
}

// The reply; `source` is the origin's answer or a kept one.
export function respond(asked, lines, source) {
  const { headers, names } = filled(lines[SET], lines, NAMES);
  const kind = lines[BODY];
  let body = null;
  if (kind === "O" || kind[0] === "A") {
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
  if (asked.event) note(asked, lines, filled);
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
export function drop(origin) {
  if (origin?.body && !origin.bodyUsed) origin.body.cancel().catch(() => {});
}

// The reply that `ask` of the rules writes to a request that goes no further.
export function refused(asked, ask, ...more) {
  return respond(asked, ask(encoder.encode(asked.question), ...more).split("\n"), null);
}

// Our fault.
export function broken(asked, error) {
  console.error(JSON.stringify({ code: "internal", reason: String(error?.stack ?? error), alarm: true }));
  if (error instanceof WebAssembly.RuntimeError) replaceInstance();
  return respond(asked, rules.internal(nextId()).split("\n"), null);
}
