// The three functions, once the rules are configured. What they share with the Worker is worker/js: the way of a request
// from the decision to the answer.
import { readFileSync, readdirSync } from "node:fs";
import { describe, handle } from "../../worker/js/handle.mjs";
import { BODY, FLAGS, LIMITS, LOG, STATUS, encoder } from "../../worker/js/lines.mjs";
import { look } from "../../worker/js/origin.mjs";
import { broken, refused, respond } from "../../worker/js/reply.mjs";
import { limit } from "../../worker/js/limits.mjs";
import { rough } from "./counter.mjs";
import { generated, viewersRequest } from "./event.mjs";
import { Handover, answered } from "./handover.mjs";
import { rules, state, replaceInstance } from "./rules.mjs";

// What an answer's body may have: CloudFront takes 40 KB in front of the cache and 1 MB behind it, headers and base64
// counted (CloudFront developer guide, "Restrictions on Lambda@Edge").
const MOST_OF_VIEWER_BYTES = 24_000;
const MOST_OF_ORIGIN_BYTES = 700_000;
// How long an answer waits for what is told to the signer. What is late goes on when the instance is woken again.
const PATIENCE_MILLIS = 1_000;

const pageFiles = new URL("./web/", import.meta.url);
const names = new Set(
  readdirSync(pageFiles, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(pageFiles.pathname.length).replace(/^\/+/, "")),
);

const env = {
  LIMIT_CLIENT: rough("c"),
  LIMIT_TOKEN: rough("t"),
  LIMIT_BAD: rough("b"),
  // The files of the page are in the package.
  ASSETS: {
    async fetch(url) {
      const name = new URL(url).pathname.slice(1);
      return names.has(name) ? new Response(readFileSync(new URL(name, pageFiles))) : new Response(null, { status: 404 });
    },
  },
  // CloudFront sends objects: they are decided about here, and come back to `originResponse`.
  handOver(asked, lines) {
    if (!lines[FLAGS].includes("s") || lines[FLAGS].endsWith("x")) return look(asked, lines);
    if (!/\nif-[a-z-]+,/.test(asked.question)) return new Handover(asked, lines, false);
    // A viewer's conditions reach the bucket whatever is signed: CloudFront lets no function change them. So they are
    // settled first, and only what is to be sent goes on.
    const { uses } = asked;
    asked.uses = "";
    asked.pass = (reply) => {
      if (reply[STATUS] !== "200" && reply[STATUS] !== "206" && +reply[STATUS] < 500) return undefined;
      asked.uses = uses;
      return new Handover(asked, lines, reply[STATUS] === "200");
    };
    return look(asked, lines);
  },
};

export async function originRequest(cf) {
  const request = viewersRequest(cf);
  return toCloudFront(describe(request, "?"), async (context) => {
    const result = await handle(request, env, context);
    return result instanceof Handover ? result.request(cf.request) : result;
  });
}

export async function originResponse(cf) {
  return toCloudFront("", (context) => answered(cf, env, context));
}

export async function viewerRequest(cf) {
  const asked = blank(describe(viewersRequest(cf), "?"));
  try {
    if (state.criticalError) replaceInstance();
    const lines = rules.gate(encoder.encode(asked.question), false, asked.started).split("\n");
    // What needs more than the rules is decided behind the cache.
    if (lines[0] !== "R" || lines[BODY].startsWith("A ")) return cf.request;
    [asked.log] = lines[LOG].split("\t");
    const verdict = lines[LIMITS] ? await limit(env, lines[LIMITS]) : { wait: 0 };
    const reply = verdict.wait > 0 ? refused(asked, rules.limited, verdict.wait) : respond(asked, lines, null);
    // What is too long for this place is answered there, too.
    return (await generated(reply, MOST_OF_VIEWER_BYTES)) ?? cf.request;
  } catch (error) {
    return generated(broken(asked, error));
  }
}

// Performs, and writes the result as CloudFront takes it: what has CloudFront's form already goes through.
async function toCloudFront(question, perform) {
  const pending = [];
  const context = { gatherMillis: 0, waitUntil: (promise) => pending.push(promise) };
  let answer;
  try {
    answer = await perform(context);
    const response = answer.response instanceof Response ? answer.response : answer;
    if (response instanceof Response) answer = await finished(response, answer.asked ?? blank(question));
  } catch (error) {
    answer = await generated(broken(blank(question), error));
  }
  await Promise.race([Promise.allSettled(pending), later(PATIENCE_MILLIS)]);
  return answer;
}

// An answer with its body, or a refusal where that is too long.
async function finished(response, asked) {
  return (await generated(response, MOST_OF_ORIGIN_BYTES)) ?? generated(refused(asked, rules.unsendable));
}

// A request of which nothing is known but itself.
const blank = (question) => ({ question, started: Date.now(), log: "{", event: undefined, degraded: "", cache: "", attempt: 1, originMillis: -1, env, context: {} });

const later = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
