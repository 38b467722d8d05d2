// What a share is called: the name that its file is saved under, or its folder's.
import { name as readable } from "../../send-view/format.js";

/** What the service puts before a folder's own path: the owner's and the upload's. */
const OF_THE_SERVICE = 2;

/** @param {any} share @param {{ folder: string }} texts */
export function nameOf(share, texts) {
  if (share.file_name) return readable(share.file_name);
  const path = (share.key ?? share.folder ?? "").split("/").filter(Boolean);
  if (share.key) return readable(path.at(-1) ?? "");
  const own = path.slice(OF_THE_SERVICE);
  return own.length ? readable(own.join("/")) : texts.folder;
}
