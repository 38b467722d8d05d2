// Calls of the API: JSON there and back, and one kind of error. Who calls is asked anew for each call.
import { ApiError, refused } from "./error.js";

export { ApiError };

/**
 * @typedef {(method: string, path: string, body?: object, options?: { signal?: AbortSignal, idempotencyKey?: string }) =>
 *   Promise<any>} Call
 */

/**
 * @param {{ base: string, token: () => string | null, onSignedOut?: () => void }} options `base` stands before every path;
 *   `onSignedOut` is told when the service does not take the token (any more)
 * @returns {{ call: Call }}
 */
export function createClient({ base, token, onSignedOut }) {
  /** @type {Call} */
  async function call(method, path, body, { signal, idempotencyKey } = {}) {
    const bearer = token();
    /** @type {Record<string, string>} */
    const headers = {};
    if (bearer !== null) headers.Authorization = `Bearer ${bearer}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
    const request = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
    let reply;
    try {
      reply = await fetch(base + path, request);
      if (reply.ok) return reply.status === 204 ? null : await reply.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError({ status: 0, code: "network" });
    }
    // A newer token may have come while the answer was on its way.
    if (reply.status === 401 && token() === bearer) onSignedOut?.();
    throw await refused(reply);
  }
  return { call };
}
