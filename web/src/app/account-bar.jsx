// Below every view: who is signed in, and how much of the storage is used.
import { useApp } from "./context.js";
import { bytes, name } from "../send-view/format.js";

/** @param {{ account: any, onSignOut: () => void }} props */
export function AccountBar({ account, onSignOut }) {
  const { texts: { account: texts }, lang } = useApp();
  const used = bytes(account.bytes, lang);
  const words = account.max_bytes ? texts.usedOf(used, bytes(account.max_bytes, lang), account.files) : texts.used(used, account.files);
  return (
    <footer class="account">
      <p>{texts.signedInAs(name(account.name))} <button type="button" class="quiet" onClick={onSignOut}>{texts.signOut}</button></p>
      <p class="storage">
        <span>{words}</span>
        {account.max_bytes && <meter min={0} max={account.max_bytes} value={account.bytes} aria-label={texts.storage}>{words}</meter>}
      </p>
    </footer>
  );
}
