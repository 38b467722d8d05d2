// An upload in parts: several at once, each tried again by itself.
import { SendError } from "./failure.js";
import { patiently } from "./patience.js";
import { put } from "./put.js";

/** Parts of one file on their way at once. */
const LANES = 4;

/**
 * Sends the parts that are not in `arrived`.
 * @param {{ file: File, record: import("./store.js").UploadRecord, arrived: Set<number>, urls: import("./part-urls.js").PartUrls,
 *   wires: import("p-queue").default, signal: AbortSignal, patience: import("./patience.js").Patience,
 *   onSent: (bytes: number) => void, onTrouble: (code: string | null) => void }} options
 */
export async function sendParts({ file, record, arrived, urls, wires, signal, patience, onSent, onTrouble }) {
  const missing = [];
  let done = 0;
  for (let number = 1; number <= record.partCount; number++) {
    if (arrived.has(number)) done += bytesOf(record, number);
    else missing.push(number);
  }
  const flying = new Map();
  const tell = () => onSent(done + [...flying.values()].reduce((sum, bytes) => sum + bytes, 0));
  tell();

  // One part that fails for good ends the others.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const one = (/** @type {number} */ number) => patiently(async () => {
    const url = await urls.of(number);
    const start = (number - 1) * record.partSize;
    const body = file.slice(start, start + bytesOf(record, number));
    try {
      await put({ url, body, signal: either, stallAfter: patience.stallAfter, onProgress: (bytes) => { flying.set(number, bytes); tell(); } });
    } catch (error) {
      flying.delete(number);
      tell();
      if (error instanceof SendError && error.code === "url_expired") urls.refused(number);
      throw await ofBody(error, body);
    }
    flying.delete(number);
    done += body.size;
    arrived.add(number);
    tell();
  }, { signal: either, patience, onTrouble });

  const lane = async () => {
    for (let number = missing.shift(); number; number = missing.shift()) {
      const next = number;
      // Through the queue for each part: so files take turns, and a big one does not keep small ones waiting.
      await wires.add(() => one(next), { signal: either });
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/**
 * Sends the file in one PUT. That it is there already is as good: nothing but this file can be, as its checksum is signed.
 * @param {{ file: File, url: () => Promise<{ url: string, headers: Record<string, string> }>, wires: import("p-queue").default,
 *   signal: AbortSignal, patience: import("./patience.js").Patience, onSent: (bytes: number) => void,
 *   onTrouble: (code: string | null) => void }} options
 */
export async function sendWhole({ file, url, wires, signal, patience, onSent, onTrouble }) {
  const one = async () => {
    const granted = await url();
    try {
      await put({ ...granted, body: file, signal, stallAfter: patience.stallAfter, onProgress: onSent });
    } catch (error) {
      if (error instanceof SendError && error.status === 412) return;
      onSent(0);
      throw await ofBody(error, file);
    }
  };
  await wires.add(() => patiently(one, { signal, patience, onTrouble }), { signal });
  onSent(file.size);
}

function bytesOf(record, number) {
  return number < record.partCount ? record.partSize : record.size - record.partSize * (record.partCount - 1);
}

/** To a browser a file that was changed meanwhile is a fault of the network: whether it can be read tells them apart. */
async function ofBody(error, /** @type {Blob} */ body) {
  if (!(error instanceof SendError) || error.code !== "network") return error;
  try {
    await body.slice(0, 1).arrayBuffer();
    return error;
  } catch {
    return new SendError("file_changed");
  }
}
