// Links to files and folders.
import { withQuery } from "./query.js";

/** @typedef {import("./client.js").Call} Call */

/** The newest first. @param {Call} call @param {{ cursor?: string, limit?: number }} terms */
export const listShares = (call, terms, options) => call("GET", withQuery("/api/v1/shares", terms), undefined, options);

/** @param {Call} call @param {object} terms @param {string} idempotencyKey of this wish: asked twice, there is one share */
export const makeShare = (call, terms, idempotencyKey) => call("POST", "/api/v1/shares", terms, { idempotencyKey });

/** What is absent stays, `null` takes away. The answer has its new link. @param {Call} call @param {string} id */
export const changeShare = (call, id, change) => call("PATCH", `/api/v1/shares/${id}`, change);

/** @param {Call} call @param {string} id */
export const revokeShare = (call, id) => call("POST", `/api/v1/shares/${id}/revoke`, {});

/** The newest first. @param {Call} call @param {string} id */
export const shareEvents = (call, id, terms, options) => (
  call("GET", withQuery(`/api/v1/shares/${id}/events`, terms), undefined, options)
);
