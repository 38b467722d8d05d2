// A dialog of the platform's own: it keeps the focus, ends with Escape, and gives the focus back.
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icon.jsx";

/** @param {{ title: any, close: string, onClose: () => void, children: any }} props `close`: the closing button's name */
export function Dialog({ title, close, onClose, children }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    return () => { if (before instanceof HTMLElement && before.isConnected) before.focus(); };
  }, []);
  return (
    <dialog ref={box} aria-labelledby={id} onClose={onClose}>
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="icon-button" aria-label={close} title={close} onClick={() => box.current.close()}><Icon name="close" /></button>
      </div>
      {children}
    </dialog>
  );
}
