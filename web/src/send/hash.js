// Asks the worker for a file's checksum.
import workerUrl from "worker:./hash-worker.js";
import { SendError } from "./failure.js";
import { scriptUrl } from "./trusted.js";

/** @type {Worker | null} */
let worker = null;
let last = 0;
/** Questions that wait for their answer. @type {Map<number, (answer: any) => void>} */
const waiting = new Map();

/**
 * CRC-64/NVME of the whole file, in base64.
 * @param {File} file
 * @param {{ signal: AbortSignal, onProgress: (bytes: number) => void }} options
 * @returns {Promise<string>}
 */
export function crc64(file, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const id = ++last;
    const stop = () => {
      waiting.delete(id);
      worker?.postMessage({ id, stop: true });
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    waiting.set(id, (answer) => {
      if (answer.hashed !== undefined) return onProgress(answer.hashed);
      waiting.delete(id);
      signal.removeEventListener("abort", stop);
      if (answer.crc) resolve(answer.crc);
      else reject(new SendError(answer.failed ? "unreadable" : "internal"));
    });
    started().postMessage({ id, file });
  });
}

function started() {
  if (worker) return worker;
  worker = new Worker(scriptUrl(workerUrl), { type: "module" });
  worker.onmessage = ({ data }) => waiting.get(data.id)?.(data);
  worker.onerror = () => {
    // It could not be loaded, or has died: the next question starts a new one.
    worker = null;
    for (const answered of [...waiting.values()]) answered({});
  };
  return worker;
}
