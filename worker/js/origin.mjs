// Asking the bucket or the signer, and what follows from the answer: a reply, another question, another attempt.
import { collect, within } from "./collect.mjs";
import { giveBack, reserve, take } from "./counter.mjs";
import { Shelf } from "./kept.mjs";
import {
  BODY,
  BYTES,
  EXPECT,
  FETCH_NAMES,
  FLAGS,
  METHOD,
  STATUS,
  TIME,
  URL,
  WAIT,
  encoded,
  encoder,
} from "./lines.mjs";
import { broken, drop, filled, refused, respond } from "./reply.mjs";
import { rules, settings } from "./rules.mjs";

const [cacheBytes, , firstByteMillis] = settings;
const kept = new Shelf(cacheBytes);

// How often one request may ask the origin something else: without its range, why it was refused.
const MOST_QUESTIONS = 4;

// The fields that the rules read of an origin's answer.
const originHeaders = rules.origin_headers().split("\n");

// A kept answer, where one does; the origin's, where it may be asked.
export function look(asked, lines) {
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
export function ask(asked, lines, body) {
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
export function settle(asked, lines, origin) {
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
      if (++asked.questions === MOST_QUESTIONS) throw new Error("the origin keeps changing its answer");
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
  const method = lines[METHOD];
  const hasBody = body?.byteLength > 0 && method !== "GET" && method !== "HEAD";
  return fetch(lines[URL], { method, headers, redirect: "manual", body: hasBody ? body : undefined });
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
  const passed = asked.pass?.(lines);
  if (passed) {
    drop(source);
    return passed;
  }
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
