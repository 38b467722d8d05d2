// Links to what was sent: one for files that were added together, made as soon as none of them is on its way any more.
import { createKeys } from "../../api/once.js";
import { makeShare } from "../../api/shares.js";
import { name as readable } from "../../send-view/format.js";

const KEPT = "clouddrop.links";
/** Characters of a note. */
const NOTE = 120;
const STILL = new Set(["done", "failed", "paused"]);

/** What is done when files have arrived: a link, valid for a week. */
export const USUAL = { isMade: true, lifetime: "7d" };

/**
 * @typedef {object} SentLink
 * @property {string} id of the group @property {string} name of its one file @property {number} count files of it
 * @property {number} missing of them that are not there yet
 * @property {"offered" | "making" | "ready" | "failed"} state @property {any} share @property {unknown} error
 */

/** @param {{ queue: any, call: import("../../api/client.js").Call, storage: Storage }} options */
export function createSentLinks({ queue, call, storage }) {
  /** @type {Map<string, any>} */
  const groups = new Map();
  const listeners = new Set();
  let wish = read(storage);

  const tell = () => {
    const all = [...groups.values()].reverse();
    for (const listener of listeners) listener(all);
  };
  const update = (id, change) => {
    groups.set(id, { ...groups.get(id), ...change });
    tell();
  };

  async function make(/** @type {string} */ id) {
    const { what, keyOf } = groups.get(id);
    const body = { ...what, expires_in: wish.lifetime };
    update(id, { state: "making", error: null });
    try {
      update(id, { state: "ready", share: await makeShare(call, body, keyOf(body)) });
    } catch (error) {
      update(id, { state: "failed", error });
    }
  }

  queue.subscribe((items) => {
    for (const [id, members] of byGroup(items)) {
      const done = members.filter(({ state }) => state === "done");
      const missing = members.length - done.length;
      const known = groups.get(id);
      if (known) {
        if (known.missing !== missing) update(id, { missing });
        continue;
      }
      if (done.length === 0 || !members.every(({ state }) => STILL.has(state))) continue;
      const { folder } = members[0].group;
      groups.set(id, {
        id, missing,
        name: done[0].name,
        count: members.length,
        what: folder ? { folder, list: true, note: noteOf(members) } : { key: done[0].file.key },
        keyOf: createKeys(),
        state: "offered", share: null, error: null,
      });
      if (wish.isMade) make(id);
      else tell();
    }
  });

  return {
    /** @returns {SentLink[]} the newest first */
    all: () => [...groups.values()].reverse(),
    make,
    /** Its share was changed. */
    changed: (id, share) => update(id, { share }),
    wish: () => wish,
    setWish(/** @type {typeof USUAL} */ next) {
      wish = next;
      storage.setItem(KEPT, JSON.stringify(wish));
    },
    subscribe(/** @type {(all: SentLink[]) => void} */ listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

// `Map.groupBy` is younger than some browsers in use.
function byGroup(/** @type {any[]} */ items) {
  const found = new Map();
  for (const item of items) {
    const members = found.get(item.group.id);
    if (members) members.push(item);
    else found.set(item.group.id, [item]);
  }
  return found;
}

/** By which the owner knows a link to several files again: a folder of the service has no name of its own. */
function noteOf(/** @type {{ name: string }[]} */ members) {
  const names = members.map(({ name }) => readable(name).replace(/\p{Cc}/gu, " ")).join(", ");
  return names.length > NOTE ? `${names.slice(0, NOTE).toWellFormed()} …` : names;
}

function read(/** @type {Storage} */ storage) {
  try {
    return { ...USUAL, ...JSON.parse(storage.getItem(KEPT) ?? "{}") };
  } catch {
    return USUAL;
  }
}
