// Where files come from: dropped anywhere on the page, pasted, or chosen.
import { useEffect, useRef, useState } from "preact/hooks";
import { bringsFiles, gather } from "../send/index.js";

export function DropZone({ texts, accept, onFiles }) {
  const [over, setOver] = useState(false);
  const [said, setSaid] = useState("");
  const files = useRef(null);
  const folder = useRef(null);

  const take = async (transfer) => {
    const reading = gather(transfer);
    setSaid(texts.reading);
    try {
      const found = await reading;
      if (found.length) onFiles(found);
      setSaid("");
    } catch {
      setSaid(texts.unreadableDrop);
    }
  };
  useEffect(() => {
    const dragover = (event) => {
      if (!bringsFiles(event.dataTransfer)) return;
      // Without this the browser would leave the page and open the file.
      event.preventDefault();
      setOver(true);
    };
    const dragleave = (event) => { if (!event.relatedTarget) setOver(false); };
    const drop = (event) => {
      setOver(false);
      if (!bringsFiles(event.dataTransfer)) return;
      event.preventDefault();
      take(event.dataTransfer);
    };
    const paste = (event) => { if (bringsFiles(event.clipboardData)) take(event.clipboardData); };
    const heard = Object.entries({ dragover, dragleave, drop, paste });
    for (const [name, listener] of heard) addEventListener(name, listener);
    return () => { for (const [name, listener] of heard) removeEventListener(name, listener); };
  }, [texts, onFiles]);

  const chosen = (event) => {
    const found = [...event.currentTarget.files];
    // So that the same file can be chosen once more.
    event.currentTarget.value = "";
    if (found.length) onFiles(found);
  };
  return (
    <div class="send-drop" data-over={over}>
      <p>{texts.drop}</p>
      <p class="send-choose">
        <button type="button" onClick={() => files.current.click()}>{texts.chooseFiles}</button>
        <button type="button" class="quiet" onClick={() => folder.current.click()}>{texts.chooseFolder}</button>
      </p>
      <input ref={files} type="file" multiple hidden accept={accept} onChange={chosen} data-for="files" />
      <input ref={folder} type="file" hidden webkitdirectory onChange={chosen} data-for="folder" />
      <p role="status">{said}</p>
    </div>
  );
}
