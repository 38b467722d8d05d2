// Files that are dropped on a view which is not for sending are sent all the same.
import { useEffect } from "preact/hooks";
import { gather } from "../send/index.js";

export function useDropped(queue, /** @type {string} */ view, texts, say) {
  useEffect(() => {
    // The view for sending listens by itself.
    if (view === "send") return;
    const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    // Without this the browser would leave the page and open the file.
    const over = (event) => { if (brings(event)) event.preventDefault(); };
    const drop = async (event) => {
      if (!brings(event)) return;
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
