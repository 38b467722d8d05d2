// The panel of a share: made here, or looked at and changed.
import { useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { createKeys } from "../../api/once.js";
import { changeShare, makeShare } from "../../api/shares.js";
import { Dialog } from "../../parts/dialog.jsx";
import { LinkBox } from "./link-box.jsx";
import { TermsForm } from "./terms-form.jsx";
import { Usage } from "./usage.jsx";
import { bodyOf, changeOf } from "./terms.js";

/**
 * @param {{ share?: any, what?: { key: string } | { folder: string }, name: string, onChanged?: (share: any) => void,
 *   onClose: () => void }} props `share` that is there, or `what` to make one of
 */
export function ShareDialog({ share: given, what, name, onChanged, onClose }) {
  const { texts, call } = useApp();
  const [share, setShare] = useState(given ?? null);
  const [said, setSaid] = useState("");
  const [keyOf] = useState(createKeys);

  const became = (now) => {
    setShare(now);
    onChanged?.(now);
  };
  const make = async (terms) => {
    const body = bodyOf(terms, what);
    became(await makeShare(call, body, keyOf(body)));
  };
  const change = async (terms) => {
    const changes = changeOf(terms, share);
    if (Object.keys(changes).length === 0) return onClose();
    became(await changeShare(call, share.id, changes));
    setSaid(texts.shares.saved);
  };
  const isOver = share && share.state !== "active" && share.state !== "used_up";
  return (
    <Dialog title={<bdi>{share ? texts.shares.dialog(name) : texts.shares.makeTitle(name)}</bdi>} close={texts.close} onClose={onClose}>
      {!share && <TermsForm share={null} isFolder={"folder" in what} act={texts.shares.make} onSubmit={make} />}
      {share && !isOver && <LinkBox share={share} name={name} />}
      <p role="status" class="good">{said}</p>
      {said && <p class="dim small">{texts.shares.savedWhat}</p>}
      {given && <Usage share={share} />}
      {share && !isOver && (
        <details class="settings">
          <summary>{texts.shares.settings}</summary>
          <TermsForm key={share.link} share={share} isFolder={Boolean(share.folder)} act={texts.shares.save} onSubmit={change} />
        </details>
      )}
    </Dialog>
  );
}
