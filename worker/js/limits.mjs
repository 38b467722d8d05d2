// Whether a request may go on: the platform's rough counts for all, a strict bucket for what costs something. Whom a
// request is counted for is in the rules' answer; how many there may be is in the bindings.
import { strict } from "./counter.mjs";

// The binding of each letter, and the length of its windows in seconds: who is stopped may come back after one.
const ROUGH = {
  c: ["LIMIT_CLIENT", 10],
  t: ["LIMIT_TOKEN", 10],
  b: ["LIMIT_BAD", 60],
};

// Resolves to how it went: `wait`, after how many seconds to come back (0: go on); `degraded`, whether a rough count
// could not be had, which stops nobody; `unknown`, whether a strict one could not, which does. The counts are asked
// for at once; each further promise would cost as much as a header.
export function limit(env, limits) {
  const keys = limits.split(" ");
  const last = keys.at(-1);
  const strictly = last[0] === "s" ? keys.pop() : "";
  const answers = keys.map((key) => rough(env, key));
  const then = (verdict) => (strictly && verdict.wait === 0 ? asked(env, strictly, verdict) : verdict);
  if (answers.length === 1) return Promise.resolve(answers[0]).then((one) => then(joined([one])));
  return Promise.all(answers).then((all) => then(joined(all)));
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

const FAILED = -1;

// How many seconds to wait; FAILED if it cannot be known.
function rough(env, key) {
  const [name, period] = ROUGH[key[0]] ?? [];
  if (!name) return 0;
  try {
    return env[name].limit({ key: key.slice(1) }).then(
      ({ success }) => (success ? 0 : period),
      () => FAILED,
    );
  } catch {
    return FAILED;
  }
}
