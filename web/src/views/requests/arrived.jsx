// What guests have sent.
import { useCallback } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { listFiles } from "../../api/files.js";
import { usePages } from "../../parts/list.js";
import { ListEnd } from "../../parts/list-end.jsx";
import { Time } from "../../parts/time.jsx";
import { bytes, name as readable } from "../../send-view/format.js";
import { DownloadButton } from "../files/row.jsx";
import { Thumbnail } from "../files/thumbnail.jsx";

/** @param {{ id: string, folder: string, queue: any }} props */
export function Arrived({ id, folder, queue }) {
  const { texts, call, lang } = useApp();
  const load = useCallback((cursor, signal) => listFiles(call, { cursor, prefix: folder }, { signal }), [call, folder]);
  const list = usePages(load);
  return (
    <div class="arrived" id={id}>
      <ul class="rows">
        {list.items.map((file) => (
          <li key={file.id} class="row">
            <Thumbnail file={file} />
            <div class="row-text">
              <p class="row-name"><bdi>{readable(file.name)}</bdi></p>
              <p class="facts dim small">
                <span>{bytes(file.size, lang)}</span>
                <span><Time at={file.created_at} /></span>
                <span>{texts.files.from(file.sender?.name ? readable(file.sender.name) : texts.files.guest)}</span>
              </p>
            </div>
            <p class="acts"><DownloadButton file={file} queue={queue} /></p>
          </li>
        ))}
      </ul>
      <ListEnd list={list} nothing={texts.requests.nothingYet} />
    </div>
  );
}
