// Requests: links by which others send files.
import { useCallback, useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { closeUploadLink, listUploadLinks } from "../../api/upload-links.js";
import { Confirm } from "../../parts/confirm.jsx";
import { Icon } from "../../parts/icon.jsx";
import { usePages } from "../../parts/list.js";
import { ListEnd } from "../../parts/list-end.jsx";
import { MakeDialog } from "./make-dialog.jsx";
import { RequestRow } from "./row.jsx";

const PAGE = 50;

export function RequestsView({ queue }) {
  const { texts: { requests: texts }, call, say } = useApp();
  const [isMaking, setMaking] = useState(false);
  const [closing, setClosing] = useState(/** @type {any} */ (null));
  const load = useCallback((cursor, signal) => listUploadLinks(call, { cursor, limit: PAGE }, { signal }), [call]);
  const list = usePages(load);

  const close = async () => {
    await closeUploadLink(call, closing.id);
    list.replace({ ...closing, state: "closed" });
    say(texts.closed);
  };
  return (
    <>
      <h1>{texts.title}</h1>
      <p class="dim">{texts.what}</p>
      <p class="act"><button type="button" onClick={() => setMaking(true)}><Icon name="inbox" /> {texts.make}</button></p>
      <ul class="rows">
        {list.items.map((link) => <RequestRow key={link.id} link={link} queue={queue} onClose={() => setClosing(link)} />)}
      </ul>
      <ListEnd list={list} nothing={texts.none} />
      {isMaking && <MakeDialog onMade={list.insert} onClose={() => setMaking(false)} />}
      {closing && <Confirm title={texts.closeTitle} words={texts.closeWhat} act={texts.close} onAct={close} onClose={() => setClosing(null)} />}
    </>
  );
}
