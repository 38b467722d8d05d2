// Trying again, with growing waits, what may pass; and no waits at all but for the network to come back.
import pRetry from "p-retry";
import { SendError } from "./failure.js";

/**
 * How patient the queue is. Tests make it quicker.
 * @typedef {{ retries: number, firstWait: number, longestWait: number, stallAfter: number }} Patience
 */
/** @type {Patience} */
export const PATIENCE = { retries: 8, firstWait: 1_000, longestWait: 30_000, stallAfter: 30_000 };

/**
 * Runs `attempt` until it succeeds, or fails with what does not pass, or too often. While the browser says that it is
 * offline, nothing is tried and nothing counted.
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {{ signal: AbortSignal, patience: Patience, onTrouble: (code: string | null) => void }} options
 * @returns {Promise<T>}
 */
export function patiently(attempt, { signal, patience, onTrouble }) {
  return pRetry(async () => {
    const result = await attempt();
    onTrouble(null);
    return result;
  }, {
    signal,
    retries: patience.retries,
    minTimeout: patience.firstWait,
    maxTimeout: patience.longestWait,
    randomize: true,
    shouldRetry: ({ error }) => passes(error),
    shouldConsumeRetry: ({ error }) => !(passes(error) && isOffline()),
    onFailedAttempt: async ({ error }) => {
      if (!passes(error)) return;
      if (isOffline()) {
        onTrouble("offline");
        await online(signal);
      } else {
        onTrouble(/** @type {SendError} */ (error).code);
        await pause(/** @type {SendError} */ (error).retryAfter * 1_000, signal);
      }
    },
  });
}

function passes(/** @type {unknown} */ error) {
  return error instanceof SendError && error.passes;
}

function isOffline() {
  return navigator.onLine === false;
}

/** Until the browser is online again. */
function online(/** @type {AbortSignal} */ signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    addEventListener("online", () => resolve(undefined), { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function pause(/** @type {number} */ milliseconds, /** @type {AbortSignal} */ signal) {
  if (!milliseconds) return;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
