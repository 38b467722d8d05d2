// Counters without a database. A link's is one object of the bucket, written on condition that it is still the one that
// was read (If-Match; If-None-Match for the first); core/src/counter/whole.rs has the rules. A strict bucket is this
// instance's own, beside the rate rules of AWS WAF that stand before all instances.
//
// The functions are those of worker/js/counter.mjs, and reject as they do.
import { requestOf } from "./request.mjs";
import { rules } from "./rules.mjs";

// Longest wait in all: who claims at the same moment as many others waits for them.
const PATIENCE_MILLIS = 20_000;
// Longest wait for one answer of the bucket.
const ANSWER_MILLIS = 5_000;
// Between two tries: a random wait of up to so much, doubled each time up to the second.
const FIRST_PAUSE_MILLIS = 20;
const LONGEST_PAUSE_MILLIS = 1_000;
const MOST_TRIES = 200;
// Most that an instance remembers of strict and rough buckets.
const MOST_BUCKETS = 10_000;

export async function take(env, plan) {
  const [link, claim] = parted(plan);
  // A write whose answer is lost may have been made: the claim's session is then found in what is read next.
  return step(link, `take ${claim}`, true);
}

export async function reserve(env, plan, bytes) {
  const [link, session] = parted(plan);
  // Reserved twice is too strict, never too lax.
  return step(link, `reserve ${session} ${bytes}`, true);
}

export async function giveBack(env, plan, bytes) {
  const [link, session] = parted(plan);
  // What is given back twice is had twice.
  return step(link, `give_back ${session} ${bytes}`, false);
}

export async function left(env, plan) {
  const [link, limit] = parted(plan);
  return Number(await step(link, `left ${limit}`, true));
}

export async function strict(env, kind, key) {
  return taken(`${kind} ${key}`, (bucket, now) => rules.strict(kind, bucket, now));
}

// Whether a request may go on, by this instance's own count; `letter` is the limit's.
export function rough(letter) {
  const limit = async ({ key }) => {
    const wait = taken(`${letter} ${key}`, (bucket, now) => rules.rough(letter, bucket, now));
    return { success: wait === 0 };
  };
  return { limit };
}

// Reads, steps and writes, until what was read is what was replaced. `mayRepeat`: a step may be made again where it is
// not known whether it was written.
async function step(link, question, mayRepeat) {
  const end = Date.now() + PATIENCE_MILLIS;
  let pause = FIRST_PAUSE_MILLIS;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const { tag, object } = await read(link);
    const [answer, ...lines] = rules.counter_step(question, object, Date.now()).split("\n");
    if (lines.length === 0) return answer;
    const outcome = await written(link, tag, lines.join("\n"));
    if (outcome === "yes") return answer;
    if (outcome === "unknown" && !mayRepeat) throw new Error("it is not known whether the counter was written");
    const wait = Math.random() * pause;
    if (Date.now() + wait > end) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
  }
  throw new Error("the counter is asked by too many at once");
}

// The object and its entity tag; none and no tag where there is no object.
async function read(link) {
  const { url, headers } = requestOf(rules.counter_read(link, Date.now()));
  const answer = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(ANSWER_MILLIS) });
  const object = await answer.text();
  switch (answer.status) {
    case 200: {
      const tag = answer.headers.get("etag");
      const length = answer.headers.get("content-length");
      if (!tag || (length !== null && +length !== object.length)) throw new Error("the counter came without its tag or its end");
      return { tag, object };
    }
    // A bucket does not say to everybody whether an object is there. None is overwritten for it: see `written`.
    case 403:
    case 404:
      return { tag: undefined, object: "" };
    default:
      throw new Error(`the counter could not be read: status ${answer.status}`);
  }
}

// `yes`; `no` where another was quicker; `unknown` where no answer says.
async function written(link, tag, object) {
  const { url, headers } = requestOf(rules.counter_write(link, tag, object, Date.now()));
  let answer;
  try {
    const signal = AbortSignal.timeout(ANSWER_MILLIS);
    answer = await fetch(url, { method: "PUT", headers, body: object, redirect: "manual", signal });
    await answer.arrayBuffer();
  } catch {
    return "unknown";
  }
  // 409: ConditionalRequestConflict (Amazon S3 user guide, "Conditional writes"); 404: it was deleted meanwhile.
  if (answer.status === 412 || answer.status === 409 || (answer.status === 404 && tag)) return "no";
  if (answer.status >= 500) return "unknown";
  if (answer.status !== 200) throw new Error(`the counter could not be written: status ${answer.status}`);
  return "yes";
}

// Buckets by their names, the one that was used last at the end.
const buckets = new Map();

// How many seconds to wait, 0 to go on.
function taken(name, ask) {
  const [wait, bucket] = ask(buckets.get(name) ?? "", Date.now()).split("\n");
  if (bucket) {
    buckets.delete(name);
    buckets.set(name, bucket);
    if (buckets.size > MOST_BUCKETS) buckets.delete(buckets.keys().next().value);
  }
  return +wait;
}

// A plan's first word and the rest.
function parted(plan) {
  const end = plan.indexOf(" ");
  if (end < 1) throw new TypeError("a plan without a link");
  return [plan.slice(0, end), plan.slice(end + 1)];
}
