// Asks before something that cannot be undone.
import { useState } from "preact/hooks";
import { useApp } from "../app/context.js";
import { Dialog } from "./dialog.jsx";

/** @param {{ title: any, words: any, act: string, onAct: () => Promise<void>, onClose: () => void }} props */
export function Confirm({ title, words, act, onAct, onClose }) {
  const { texts, why } = useApp();
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    setFault("");
    try {
      await onAct();
      onClose();
    } catch (error) {
      setFault(why(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} close={texts.close} onClose={onClose}>
      <p>{words}</p>
      <p role="alert" class="fault">{fault}</p>
      <p class="act">
        <button type="button" class="danger" disabled={busy} onClick={go}>{act}</button>
        <button type="button" class="quiet" onClick={onClose}>{texts.keep}</button>
      </p>
    </Dialog>
  );
}
