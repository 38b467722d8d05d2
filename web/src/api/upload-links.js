// Links by which guests send files.
import { withQuery } from "./query.js";

/** @typedef {import("./client.js").Call} Call */

/** The newest first. @param {Call} call @param {{ cursor?: string, limit?: number }} terms */
export const listUploadLinks = (call, terms, options) => call("GET", withQuery("/api/v1/upload-links", terms), undefined, options);

/** @param {Call} call @param {object} terms @param {string} idempotencyKey of this wish */
export const makeUploadLink = (call, terms, idempotencyKey) => call("POST", "/api/v1/upload-links", terms, { idempotencyKey });

/** @param {Call} call @param {string} id */
export const closeUploadLink = (call, id) => call("POST", `/api/v1/upload-links/${id}/close`, {});
