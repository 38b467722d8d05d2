// What can go wrong with an upload, under names that the texts have words for.

/**
 * - `network`, `stalled`, `busy`: may pass by itself
 * - `url_expired`: passes with a fresh URL
 * - `signed_out`, `link_wrong`, `link_closed`, `quota`, `too_large`, `wrong_type`, `refused`: the service said no
 * - `damaged`, `file_changed`, `unreadable`: the file itself
 * - `other_tab`: another tab sends it
 * - `gone`, `lacking`: the granted upload does not go on, or lacks parts: tried anew
 * @typedef {"network" | "stalled" | "busy" | "url_expired" | "signed_out" | "link_closed" | "link_wrong" | "quota" | "too_large"
 *   | "wrong_type" | "refused" | "damaged" | "file_changed" | "unreadable" | "other_tab" | "gone" | "lacking" | "internal"} Code
 */

/** @type {Set<string>} */
const PASSING = new Set(["network", "stalled", "busy", "url_expired"]);

export class SendError extends Error {
  /** @param {Code} code @param {{ detail?: string, status?: number, api?: string, retryAfter?: number }} [facts] */
  constructor(code, facts = {}) {
    super(facts.detail ? `${code}: ${facts.detail}` : code);
    this.name = "SendError";
    this.code = code;
    this.detail = facts.detail ?? "";
    /** The API's own code, where it was the API that refused. */
    this.api = facts.api ?? "";
    this.status = facts.status ?? 0;
    /** Seconds that the service asked to wait. */
    this.retryAfter = facts.retryAfter ?? 0;
  }

  /** Whether the same may work in a while. */
  get passes() {
    return PASSING.has(this.code);
  }
}

/** @type {Record<string, Code>} */
const CODES = {
  unauthorized: "signed_out",
  expired: "link_closed",
  gone: "link_closed",
  quota_exceeded: "quota",
  too_large: "too_large",
  unsupported_type: "wrong_type",
  rate_limited: "busy",
  internal: "busy",
  origin_error: "busy",
  origin_unavailable: "busy",
  origin_timeout: "busy",
};

/**
 * Any failure of a call of the API, by its problem document or the lack of one.
 * @param {any} error
 * @returns {SendError}
 */
export function ofApi(error) {
  if (error instanceof SendError) return error;
  const status = error?.status ?? 0;
  const facts = { detail: error?.detail ?? "", status, api: error?.code ?? "", retryAfter: error?.retryAfter ?? 0 };
  if (!status) return new SendError("network", facts);
  const known = CODES[facts.api];
  if (known) return new SendError(known, facts);
  return new SendError(status >= 500 || status === 429 ? "busy" : "refused", facts);
}

/**
 * A refusal of S3 itself, by its status and error document.
 * @param {number} status @param {string} body
 */
export function ofS3(status, body) {
  const code = /<Code>([A-Za-z]+)<\/Code>/.exec(body)?.[1] ?? "";
  const facts = { status, api: code };
  if (code === "BadDigest") return new SendError("damaged", facts);
  if (status === 404) return new SendError("gone", facts);
  // Out of date, or of credentials that have ended: a fresh URL is asked for.
  if (status === 403) return new SendError("url_expired", facts);
  // S3 calls it 400 that a client was silent too long.
  if (status >= 500 || status === 429 || code === "RequestTimeout") return new SendError("busy", facts);
  return new SendError(status ? "refused" : "network", facts);
}
