// Files of the account.
import { withQuery } from "./query.js";

/** @typedef {import("./client.js").Call} Call */

/** The newest first. @param {Call} call @param {{ cursor?: string, name?: string, prefix?: string, limit?: number }} terms */
export const listFiles = (call, terms, options) => call("GET", withQuery("/api/v1/files", terms), undefined, options);

/** A link of five minutes. @param {Call} call @param {string} id */
export const fileDownload = (call, id, { inline = false, signal } = {}) => (
  call("GET", withQuery(`/api/v1/files/${id}/download`, { inline: String(inline) }), undefined, { signal })
);

/** @param {Call} call @param {string} id @param {string} name */
export const renameFile = (call, id, name) => call("PATCH", `/api/v1/files/${id}`, { name });

/** Ends its shares as well. @param {Call} call @param {string} id */
export const deleteFile = (call, id) => call("DELETE", `/api/v1/files/${id}`);
