// The queue: files that are to be sent, and how far each of them is. It knows nothing of how it is shown.
import PQueue from "p-queue";
import * as grants from "./grant.js";
import { SendError } from "./failure.js";
import { Group } from "./group.js";
import { crc64 } from "./hash.js";
import { heldIds, hold } from "./lock.js";
import { Meter } from "./meter.js";
import { apart, directory, fileName } from "./names.js";
import { PATIENCE } from "./patience.js";
import { leave, send } from "./run.js";
import { scopeOf } from "./scope.js";
import { forget, ofScope } from "./store.js";

/** Files on their way at once, and PUTs of all of them: HTTP/1.1 gives six connections to a host. */
const FILES = 3;
const PUTS = 5;
/** How often changes are told, milliseconds. */
const TOLD = 200;
/** A file that sends nothing for so long is shown as stalled, milliseconds. */
const SILENCE = 6_000;

const PAUSED = new DOMException("paused", "AbortError");
const CANCELLED = new DOMException("cancelled", "AbortError");
const GOING = new Set(["waiting", "hashing", "sending", "finishing"]);

/**
 * @typedef {"waiting" | "hashing" | "sending" | "paused" | "stalled" | "finishing" | "done" | "failed"} State
 * @typedef {object} Item what the queue tells of a file
 * @property {string} id @property {string} name @property {string} path directories above it @property {number} size
 * @property {string} type @property {number} hashed @property {number} sent bytes
 * @property {number} speed bytes a second @property {number | null} secondsLeft @property {State} state
 * @property {string | null} trouble why it is stalled: `offline`, `network`, `stalled`, `busy`, `url_expired`
 * @property {{ code: import("./failure.js").Code, detail: string } | null} error
 * @property {{ id: string, key: string } | undefined} file what it has become
 * @property {{ id: string, count: number, folder: string | null }} group what was added with it
 */

/**
 * A queue that sends files for an account, or by an upload link.
 * @param {{ call: (method: string, path: string, body?: object, options?: object) => Promise<any>, owner?: string,
 *   uploadLink?: string, sender?: () => string | null, onChange?: (items: Item[]) => void,
 *   patience?: Partial<import("./patience.js").Patience> }} options
 */
export function createQueue({ call, owner, uploadLink, sender = () => null, onChange, patience }) {
  /** @type {Map<string, any>} */
  const all = new Map();
  const listeners = new Set(onChange ? [onChange] : []);
  const hashes = new PQueue({ concurrency: 1 });
  const files = new PQueue({ concurrency: FILES });
  const wires = new PQueue({ concurrency: PUTS });
  const scope = scopeOf({ owner, uploadLink });
  const life = new AbortController();
  let telling = 0;

  const tell = () => {
    telling ||= setTimeout(() => {
      telling = 0;
      const items = [...all.values()].map(shown);
      for (const listener of listeners) listener(items);
      // What only time changes is told as well.
      if (items.some(({ state }) => state === "sending" || state === "stalled")) setTimeout(tell, 1_000 - TOLD);
    }, TOLD);
  };
  const enter = (item, /** @type {State} */ state) => {
    item.state = state;
    item.trouble = null;
    tell();
  };

  // A slot of `queue` for the item; `item.work` ends when nothing of it runs any more.
  const inSlot = (queue, item, signal, work) => queue.add(() => (item.work = work()), { signal });

  async function begin(item) {
    const { signal } = (item.controller = new AbortController());
    item.error = null;
    enter(item, "waiting");
    try {
      await item.work?.catch(() => {});
      signal.throwIfAborted();
      if (!item.crc) await inSlot(hashes, item, signal, () => hash(item, signal));
      enter(item, "waiting");
      const view = await inSlot(files, item, signal, () => sendOne(item, signal));
      item.sent = item.size;
      item.result = { id: view.id, key: view.key };
      enter(item, "done");
    } catch (error) {
      if (signal.aborted) return; // who has aborted it sees to the rest
      item.error = error instanceof SendError ? error : new SendError("internal", { detail: String(error) });
      if (item.error.code === "internal") console.error(error);
      enter(item, "failed");
    }
  }

  async function hash(item, signal) {
    enter(item, "hashing");
    item.crc = await crc64(item.file, { signal, onProgress: (bytes) => { item.hashed = bytes; tell(); } });
  }

  async function sendOne(item, signal) {
    item.meter.reset();
    enter(item, "sending");
    return send(item, {
      call, sender, wires, signal,
      scope: await scope,
      patience: { ...PATIENCE, ...patience },
      enter: (state) => enter(item, state),
      onSent: (bytes) => { item.sent = bytes; item.meter.note(bytes); tell(); },
      onTrouble: (code) => { if (item.trouble !== code) { item.trouble = code; tell(); } },
    });
  }

  const active = () => [...all.values()].some(({ state }) => GOING.has(state));

  // Failed because the network was away: as soon as it is back, once more.
  addEventListener("online", () => {
    for (const item of all.values()) if (item.state === "failed" && ["network", "stalled"].includes(item.error.code)) begin(item);
  }, { signal: life.signal });

  // Before the page is left in the middle, the browser asks whether it shall be.
  addEventListener("beforeunload", (event) => {
    if (active()) event.preventDefault();
  }, { signal: life.signal });

  return {
    /**
     * Adds files that belong together, and starts.
     * @param {Iterable<File | { file: File, path: string }>} added
     * @returns {string[]} their ids
     */
    add(added) {
      const entries = apart([...added].map((one) => ("file" in one ? one : { file: one, path: folderOf(one) })).map(({ file, path }) => (
        { file, name: fileName(file.name), path: directory(path) }
      )));
      const group = new Group(entries.length, !uploadLink);
      return entries.map((entry) => {
        const { size, type } = entry.file;
        const item = { ...entry, id: crypto.randomUUID(), size, type, group, meter: new Meter(), sent: 0, hashed: 0 };
        all.set(item.id, item);
        begin(item);
        return item.id;
      });
    },

    /** Stops where it is; what has arrived stays there. */
    pause(/** @type {string} */ id) {
      const item = all.get(id);
      if (!item || !GOING.has(item.state) || item.state === "finishing") return;
      item.controller.abort(PAUSED);
      enter(item, "paused");
    },

    resume(/** @type {string} */ id) {
      const item = all.get(id);
      if (item?.state === "paused") begin(item);
    },

    retry(/** @type {string} */ id) {
      const item = all.get(id);
      if (item?.state === "failed") begin(item);
    },

    /** Takes it from the queue and throws away what has arrived. One that is finishing or done is a file: it stays. */
    async cancel(/** @type {string} */ id) {
      const item = all.get(id);
      if (!item || item.state === "finishing" || item.state === "done") return;
      item.controller.abort(CANCELLED);
      all.delete(id);
      tell();
      // A grant that is on its way arrives, and is given back.
      await item.work?.catch(() => {});
      if (item.record) await grants.abort({ call }, item.record);
      await leave(item);
    },

    /** Takes what is done from the list. The files stay. */
    clear() {
      for (const [id, item] of all) if (item.state === "done") all.delete(id);
      tell();
    },

    /** @returns {Item[]} */
    items: () => [...all.values()].map(shown),

    /** Whether leaving the page would interrupt anything. */
    active,

    /** Stops everything for good, as when somebody signs out. What has arrived can go on later. */
    end() {
      life.abort();
      for (const item of all.values()) item.controller.abort(PAUSED);
      for (const item of all.values()) item.release?.();
      listeners.clear();
      all.clear();
    },

    /** Tells of every change from now on. @returns {() => void} ends it */
    subscribe(/** @type {(items: Item[]) => void} */ listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    /** Unfinished uploads of earlier, which go on as soon as their file is added again. */
    async recover() {
      const [records, held] = await Promise.all([scope.then((name) => ofScope(name)), heldIds()]);
      return records.filter(({ id }) => !held.has(id)).map(({ id, name, path, size, sent, expiresAt }) => (
        { id, name, path, size, sent, expiresAt }
      ));
    },

    /** Throws an unfinished upload of earlier away. */
    async discard(/** @type {string} */ id) {
      const record = (await ofScope(await scope)).find((one) => one.id === id);
      const release = record && await hold(id);
      if (!release) return;
      await grants.abort({ call }, record);
      await forget(id);
      release();
    },
  };
}

/** @returns {Item} */
function shown(item) {
  const { id, name, path, size, type, sent, hashed, trouble, error, result, group, meter } = item;
  const quiet = item.state === "sending" && (trouble !== null || meter.silence() > SILENCE);
  const state = quiet ? "stalled" : item.state;
  const going = state === "sending";
  return {
    id, name, path, size, type, sent, hashed, state,
    trouble: quiet ? trouble ?? (navigator.onLine === false ? "offline" : "stalled") : item.state === "finishing" ? trouble : null,
    speed: going ? meter.speed() : 0,
    secondsLeft: going ? meter.secondsLeft(size - sent) : null,
    error: item.state === "failed" ? { code: error.code, detail: error.detail } : null,
    file: result,
    group: { id: group.id, count: group.count, folder: group.key },
  };
}

/** Where a file lies in the folder that was picked. */
function folderOf(/** @type {File} */ file) {
  return (file.webkitRelativePath ?? "").split("/").slice(0, -1).join("/");
}
