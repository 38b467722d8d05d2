// One file of the list.
import { useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { fileDownload } from "../../api/files.js";
import { Icon } from "../../parts/icon.jsx";
import { save } from "../../parts/save.js";
import { Time } from "../../parts/time.jsx";
import { bytes, name as readable } from "../../send-view/format.js";
import { Thumbnail } from "./thumbnail.jsx";

/** @param {{ file: any, queue: any, onAct: (what: "share" | "rename" | "remove") => void }} props */
export function FileRow({ file, queue, onAct }) {
  const { texts: { files: texts }, lang } = useApp();
  const name = readable(file.name);
  const act = (what, icon) => (
    <button type="button" class="quiet" aria-label={texts.action(texts[what], name)} onClick={() => onAct(what)}>
      <Icon name={icon} /> <span>{texts[what]}</span>
    </button>
  );
  return (
    <li class="row">
      <Thumbnail file={file} />
      <div class="row-text">
        <p class="row-name"><bdi>{name}</bdi></p>
        <p class="facts dim small">
          <span>{bytes(file.size, lang)}</span>
          <span><Time at={file.created_at} /></span>
          {file.link && <span>{texts.from(file.sender?.name ? readable(file.sender.name) : texts.guest)}</span>}
        </p>
      </div>
      <p class="acts">
        <DownloadButton file={file} queue={queue} />
        {act("share", "share")}
        {act("rename", "rename")}
        {act("remove", "remove")}
      </p>
    </li>
  );
}

/** One click: a link for this one download, and the browser saves. */
export function DownloadButton({ file, queue }) {
  const { texts: { files: texts }, call, say, why } = useApp();
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const { download: url } = await fileDownload(call, file.id);
      save(url, { apart: queue.active() });
    } catch (error) {
      say(why(error));
    }
    setBusy(false);
  };
  return (
    <button type="button" class="quiet" aria-label={texts.action(texts.download, readable(file.name))} aria-disabled={busy} onClick={busy ? undefined : download}>
      <Icon name="download" /> <span>{texts.download}</span>
    </button>
  );
}
