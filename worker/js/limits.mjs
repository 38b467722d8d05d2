// Whether a request may go on: the platform's rough counts for all, a strict bucket for what costs something. Whom a
// request is counted for is in the rules' answer; how many there may be is in the bindings.
import { strict } from "./counter.mjs";

// The binding of each letter, and the length of its windows in seconds: who is stopped may come back after one.
const ROUGH = {
  c: ["LIMIT_CLIENT", 10],
  t: ["LIMIT_TOKEN", 10],
  b: ["LIMIT_BAD", 60],
};

// A rough count that takes longer is done without: it is to keep a flood away, not to hold up a reader.
const PATIENCE_MILLIS = 500;
// An answer that is at hand comes within so many turns of the queue, and needs no timer.
const TURNS = 6;
const AT_ONCE = Promise.resolve();

const FAILED = -1;

// Resolves to how it went: `wait`, after how many seconds to come back (0: go on); `degraded`, whether a rough count
// could not be had, which stops nobody; `unknown`, whether a strict one could not, which does. The counts are asked
// for at once; each further promise would cost as much as a header.
export function limit(env, limits) {
  const keys = limits.split(" ");
  const strictly = keys.at(-1)[0] === "s" ? keys.pop() : "";
  const answers = keys.map(() => FAILED);
  const coming = Promise.all(keys.map((key, at) => rough(env, key, answers, at)));
  return new Promise((resolve) => {
    let isOpen = true;
    let timer;
    const end = () => {
      isOpen = false;
      if (timer) clearTimeout(timer);
      const verdict = joined(answers);
      resolve(strictly && verdict.wait === 0 ? asked(env, strictly, verdict) : verdict);
    };
    coming.then(end);
    let turns = TURNS;
    const turn = () => {
      if (!isOpen) return;
      if (turns-- > 0) AT_ONCE.then(turn);
      else timer = setTimeout(end, PATIENCE_MILLIS);
    };
    turn();
  });
}

function joined(answers) {
  const verdict = { wait: 0, degraded: false, unknown: false };
  for (const answer of answers) {
    if (answer === FAILED) verdict.degraded = true;
    else if (answer > verdict.wait) verdict.wait = answer;
  }
  return verdict;
}

async function asked(env, key, verdict) {
  const colon = key.indexOf(":");
  try {
    verdict.wait = await strict(env, key.slice(1, colon), key.slice(colon + 1));
  } catch {
    verdict.unknown = true;
  }
  return verdict;
}

// Puts at its place how many seconds to wait, unless that cannot be known.
function rough(env, key, answers, at) {
  const [name, period] = ROUGH[key[0]];
  try {
    return env[name].limit({ key: key.slice(1) }).then(
      ({ success }) => {
        if (typeof success === "boolean") answers[at] = success ? 0 : period;
      },
      () => {},
    );
  } catch {
    return undefined;
  }
}
