// The one way in which a call of the API fails.

/** A refusal by its problem document (RFC 9457), or a call that was never answered: status 0, code `network`. */
export class ApiError extends Error {
  /** @param {{ status: number, code: string, detail?: string, requestId?: string, retryAfter?: number }} facts */
  constructor({ status, code, detail = "", requestId = "", retryAfter = 0 }) {
    super(`${status} ${code}`);
    this.name = "ApiError";
    this.status = status;
    /** Stable; texts are found by it. */
    this.code = code;
    /** English, of the service. */
    this.detail = detail;
    /** By which its operator finds the call in the logs. */
    this.requestId = requestId;
    /** Seconds that the service asked to wait. */
    this.retryAfter = retryAfter;
  }
}

/** @param {Response} reply one that is no success @returns {Promise<ApiError>} */
export async function refused(reply) {
  // What stands between us and the service may answer in its stead, and not in JSON.
  const problem = await reply.json().catch(() => ({}));
  return new ApiError({
    status: reply.status,
    code: text(problem?.code) || "unknown",
    detail: text(problem?.detail),
    requestId: text(problem?.request_id),
    retryAfter: Number(reply.headers.get("retry-after")) || 0,
  });
}

const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : "");
