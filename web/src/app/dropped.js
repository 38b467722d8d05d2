// Files that are dropped on a view which is not for sending are sent all the same.
import { useEffect } from "preact/hooks";
import { bringsFiles, gather } from "../send/index.js";

export function useDropped(queue, /** @type {string} */ view, texts, say) {
  useEffect(() => {
    // The view for sending listens by itself.
    if (view === "send") return;
    // Without this the browser would leave the page and open the file.
    const over = (event) => { if (bringsFiles(event.dataTransfer)) event.preventDefault(); };
    const drop = async (event) => {
      if (!bringsFiles(event.dataTransfer)) return;
      event.preventDefault();
      try {
        const found = await gather(event.dataTransfer);
        if (!found.length) return;
        queue.add(found);
        location.hash = "#/send";
      } catch {
        say(texts.send.unreadableDrop);
      }
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, [queue, view, texts]);
}
