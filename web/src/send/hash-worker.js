// CRC-64/NVME of files, beside the page: S3 computes the same over the whole object and refuses what differs.
// Two slices of the file are in memory at a time, whatever its size.
import { Crc64Nvme } from "@aws-sdk/crc64-nvme";

const SLICE = 4 * 1024 * 1024;
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
  let next = read(file, 0);
  for (let at = 0; at < file.size; at += SLICE) {
    const bytes = new Uint8Array(await next);
    // The disk reads on while this slice is computed.
    next = read(file, at + SLICE);
    next.catch(() => {}); // told when it is awaited
    if (stopped.has(id)) throw new DOMException("stopped", "AbortError");
    crc.update(bytes);
    self.postMessage({ id, hashed: Math.min(at + SLICE, file.size) });
  }
  await next;
  return btoa(String.fromCharCode(...(await crc.digest())));
}

function read(file, at) {
  return file.slice(at, at + SLICE).arrayBuffer();
}
