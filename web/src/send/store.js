// Uploads that are not at their end, kept in IndexedDB so that a reload or a crash loses nothing that has arrived.
// Nothing here opens anything by itself: an upload's token is of use only together with the API key or the upload link
// that it was granted to, and presigned URLs are never kept.
import { openDB } from "idb";

/**
 * @typedef {object} UploadRecord
 * @property {string} id the page's own name of it
 * @property {string} scope whose it is: an account's or an upload link's
 * @property {string} name @property {string} path of the file as it was chosen
 * @property {number} size
 * @property {string} crc of the content: by it the file is recognised
 * @property {string} idempotencyKey @property {object} body the call that granted it, to be made again
 * @property {string} upload the upload's token
 * @property {"single" | "multipart"} kind
 * @property {string} [uploadId] @property {number} partSize @property {number} partCount
 * @property {{ id: string, key: string }} file what it becomes
 * @property {string} folder
 * @property {number} expiresAt milliseconds
 * @property {number} sent bytes that had arrived when it was last looked at
 */

const STORE = "uploads";
/** @type {Promise<import("idb").IDBPDatabase | null> | null} */
let opened = null;

/** Keeps a record, or its newer state. Where the browser keeps nothing, uploads work and cannot be resumed. */
export function save(/** @type {UploadRecord} */ record) {
  return attempt((db) => db.put(STORE, record));
}

export function forget(/** @type {string} */ id) {
  return attempt((db) => db.delete(STORE, id));
}

/** The records of one owner or link that can still go on; what cannot is removed. @returns {Promise<UploadRecord[]>} */
export async function ofScope(/** @type {string} */ scope, now = Date.now()) {
  const all = (await attempt((db) => db.getAll(STORE))) ?? [];
  const ended = all.filter((record) => record.expiresAt <= now);
  await Promise.all(ended.map((record) => forget(record.id)));
  return all.filter((record) => record.scope === scope && record.expiresAt > now);
}

async function attempt(/** @type {(db: import("idb").IDBPDatabase) => Promise<any>} */ work) {
  const db = await database();
  return db && work(db).catch(() => null);
}

function database() {
  opened ??= openDB("clouddrop-send", 1, {
    upgrade: (db) => void db.createObjectStore(STORE, { keyPath: "id" }),
    // A newer page in another tab wants to change it: this one lets go, and opens it again when it needs it.
    blocking: () => void close(),
    terminated: () => { opened = null; },
  }).catch(() => null);
  return opened;
}

async function close() {
  const closing = opened;
  opened = null;
  (await closing)?.close();
}
