// The way of a request through the edge: one call into wasm with what the decision needs, one answer out, the
// origin's body handed through untouched. Every rule is in Rust; these files convert and perform.
import { left } from "./counter.mjs";
import { limit } from "./limits.mjs";
import { BODY, FLAGS, LIMITS, LOG, LOG_OF_FETCH, USES, encoded, encoder } from "./lines.mjs";
import { ask, look } from "./origin.mjs";
import { broken, drop, nextId, refused, respond } from "./reply.mjs";
import { refreshIfIdle, refreshList } from "./revocations.mjs";
import { replaceInstance, rules, state } from "./rules.mjs";

// Not async, and one promise a read: each further one costs as much as a header.
export function handle(request, bindings, context) {
  const asked = {
    question: "",
    started: Date.now(),
    attempt: 1,
    questions: 0,
    // The log line's beginning, and what is known of the way that was taken.
    log: "{",
    event: undefined,
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
    // Where a platform sends objects itself: takes a good reply over, or leaves it.
    pass: undefined,
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
}

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
  [asked.log, asked.event] = lines[lines[0] === "F" ? LOG_OF_FETCH : LOG].split("\t");
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

// Performs what the rules have decided.
function act(asked, lines, request) {
  switch (lines[0]) {
    case "F":
      asked.uses = lines[USES];
      if (lines[FLAGS].includes("r")) asked.context.waitUntil(refreshIfIdle());
      if (lines[FLAGS].includes("d")) asked.degraded = "revocations";
      return asked.uses.startsWith("left ") ? count(asked).then(() => read(asked, lines)) : read(asked, lines);
    case "W":
      return call(asked, request, +lines[3], lines[4] === "l");
    default:
      return lines[BODY].startsWith("A ") ? page(asked, lines) : respond(asked, lines, null);
  }
}

// Asks for what is to be read. A platform that sends an object itself takes it over from here.
function read(asked, lines) {
  return asked.env.handOver ? asked.env.handOver(asked, lines) : look(asked, lines);
}

// A file of the web page. The platform keeps those by their paths, below whatever host.
async function page(asked, lines) {
  try {
    const file = await asked.env.ASSETS.fetch(`https://assets.local/${lines[BODY].slice("A ".length)}`);
    if (file.status === 200) return respond(asked, lines, file);
    drop(file);
    return refused(asked, rules.missing);
  } catch (error) {
    return broken(asked, error);
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

// How many uses of the link are left. A page is good without it.
async function count(asked) {
  try {
    asked.left = await left(asked.env, asked.uses.slice("left ".length));
  } catch {
    asked.degraded = "counter";
  }
}

// A request as text. Header names hold no comma, so name and value come apart at the first one.
export function describe(request, place) {
  return `${request.method}\n${request.url}\n${nextId()}\n${place}\n${[...request.headers].join("\n")}`;
}

