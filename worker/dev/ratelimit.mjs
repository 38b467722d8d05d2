// Stands for the platform's Rate Limiting service in plain workerd, which has none: a module inside the runtime that
// a binding is wrapped with, with the platform's interface and the semantics of its local simulator. Counts are kept
// in memory, in fixed windows that end at multiples of the period. It is not deployed.

// Keys of one window; all further ones are counted together.
const MOST_KEYS = 100_000;
const OPTIONS = ["key"];

class RateLimit {
  #limit;
  #millis;
  #window = 0;
  #counts = new Map();

  constructor(limit, periodSeconds) {
    this.#limit = limit;
    this.#millis = periodSeconds * 1000;
  }

  async limit(options) {
    const isObject = typeof options === "object" && options !== null;
    if (!isObject || typeof options.key !== "string" || Object.keys(options).some((name) => !OPTIONS.includes(name))) {
      throw new TypeError("limit() takes { key: string }");
    }
    const window = Math.floor(Date.now() / this.#millis);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts.clear();
    }
    const isKnown = this.#counts.has(options.key) || this.#counts.size < MOST_KEYS;
    // A key that no caller has: theirs are texts.
    const key = isKnown ? options.key : undefined;
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#limit) return { success: false };
    this.#counts.set(key, count + 1);
    return { success: true };
  }
}

// The inner bindings are two texts: calls, and seconds, which the platform allows to be 10 or 60.
export default function (env) {
  const limit = Number(env.limit);
  const period = Number(env.period);
  if (!Number.isSafeInteger(limit) || limit < 1) throw new TypeError("limit must be a number of calls");
  if (period !== 10 && period !== 60) throw new TypeError("period must be 10 or 60 seconds");
  return new RateLimit(limit, period);
}
