// A dialog of the platform's own: it keeps the focus, ends with Escape, and gives the focus back.
import { useEffect, useId, useRef } from "preact/hooks";
import { useApp } from "../app/context.js";
import { Icon } from "./icon.jsx";

/** @param {{ title: any, close: string, onClose: () => void, children: any }} props `close`: the closing button's name */
export function Dialog({ title, close, onClose, children }) {
  const { isAway } = useApp();
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const away = useRef(isAway);
  const id = useId();
  away.current = isAway;
  useEffect(() => {
    const before = document.activeElement;
    return () => { if (before instanceof HTMLElement && before.isConnected) before.focus(); };
  }, []);
  useEffect(() => {
    // While it is open nothing else can be used: not while somebody has to sign in again. It comes back as it was.
    if (isAway) box.current.close();
    else box.current.showModal();
  }, [isAway]);
  return (
    <dialog ref={box} aria-labelledby={id} onClose={() => { if (!away.current) onClose(); }}>
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="icon-button" aria-label={close} title={close} onClick={() => box.current.close()}><Icon name="close" /></button>
      </div>
      {children}
    </dialog>
  );
}
