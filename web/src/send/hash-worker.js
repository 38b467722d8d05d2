// CRC-64/NVME of files, beside the page: S3 computes the same over the whole object and refuses what differs.
// One buffer is filled again and again, whatever the file's size: slices of their own would wait for the garbage
// collector, half a gigabyte of them at a time.
import { Crc64Nvme } from "@aws-sdk/crc64-nvme";

const BUFFER = 1024 * 1024;
/** How often it is told how far it is, bytes. */
const TOLD = 16 * BUFFER;
/** Files that are not wanted any more, by the number of their question. */
const stopped = new Set();

self.onmessage = ({ data }) => {
  if (data.stop) stopped.add(data.id);
  else answer(data.id, data.file);
};

async function answer(/** @type {number} */ id, /** @type {File} */ file) {
  try {
    self.postMessage({ id, crc: await crcOf(id, file) });
  } catch (error) {
    self.postMessage({ id, failed: error instanceof Error ? error.name : "Error" });
  }
  stopped.delete(id);
}

async function crcOf(id, file) {
  const crc = new Crc64Nvme();
  let hashed = 0;
  let told = 0;
  for await (const bytes of filled(file)) {
    if (stopped.has(id)) throw new DOMException("stopped", "AbortError");
    crc.update(bytes);
    hashed += bytes.length;
    if (hashed - told < TOLD) continue;
    told = hashed;
    self.postMessage({ id, hashed });
  }
  // A file that has shrunk ends early without a fault.
  if (hashed !== file.size) throw new DOMException("the file was changed", "NotReadableError");
  return btoa(String.fromCharCode(...(await crc.digest())));
}

/** The file's bytes, in the one buffer: each piece is good until the next is asked for. */
async function* filled(/** @type {File} */ file) {
  const reader = byobReader(file);
  if (!reader) return yield* slices(file);
  try {
    for (let buffer = new ArrayBuffer(BUFFER); ;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      yield value;
      buffer = value.buffer;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function byobReader(file) {
  try {
    return file.stream().getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

/** For browsers whose files fill no buffer of ours (Safari). */
async function* slices(file) {
  for (let at = 0; at < file.size; at += BUFFER) yield new Uint8Array(await file.slice(at, at + BUFFER).arrayBuffer());
}
