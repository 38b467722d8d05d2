// One PUT to a presigned URL. XMLHttpRequest, because fetch tells nothing of an upload's progress.
import { SendError, ofS3 } from "./failure.js";

/**
 * Sends `body`. There is no limit on how long it takes, as long as it goes on: after `stallAfter` milliseconds without a
 * byte it is given up. An abort of `signal` rejects with the signal's reason.
 * @param {{ url: string, body: Blob, headers?: Record<string, string>, signal: AbortSignal, stallAfter: number,
 *   onProgress: (bytes: number) => void }} options
 * @returns {Promise<void>}
 */
export function put({ url, body, headers = {}, signal, stallAfter, onProgress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const xhr = new XMLHttpRequest();
    let watchdog = 0;
    const end = (/** @type {() => void} */ settle) => {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", aborted);
      settle();
    };
    const giveUp = (/** @type {unknown} */ why) => end(() => {
      xhr.onerror = xhr.onload = null;
      xhr.abort();
      reject(why);
    });
    const aborted = () => giveUp(signal.reason);
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => giveUp(new SendError("stalled")), stallAfter);
    };
    signal.addEventListener("abort", aborted, { once: true });
    xhr.upload.onprogress = (event) => {
      alive();
      onProgress(event.loaded);
    };
    xhr.upload.onload = alive;
    xhr.onload = () => end(() => (xhr.status === 200 ? resolve() : reject(ofS3(xhr.status, xhr.responseText))));
    xhr.onerror = () => end(() => reject(new SendError("network")));
    xhr.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) {
      // The browser writes the length itself, and it is that of the body.
      if (name !== "content-length") xhr.setRequestHeader(name, value);
    }
    alive();
    xhr.send(body);
  });
}
