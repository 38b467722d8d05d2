// A link, and the button that copies it.
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app/context.js";
import { Icon } from "./icon.jsx";

/** How long the button says that it has copied, milliseconds. */
const SAID = 2_500;

/** @param {{ value: string, label: string }} props */
export function CopyField({ value, label }) {
  const { texts } = useApp();
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  return (
    <div class="copy">
      <input ref={field} readOnly value={value} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
      <CopyButton value={value} onRefused={() => field.current.focus()}>{texts.copyLink}</CopyButton>
    </div>
  );
}

/** @param {{ value: string, onRefused?: () => void, quiet?: boolean, label?: string, children: any }} props */
export function CopyButton({ value, onRefused, quiet = false, label, children }) {
  const { texts } = useApp();
  const [said, setSaid] = useState("");
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setSaid(texts.copied);
      setDone(true);
      setTimeout(() => { setDone(false); setSaid(""); }, SAID);
    } catch {
      // Browsers refuse where the person has said so, or without https.
      onRefused?.();
      setSaid(texts.copyByHand);
    }
  };
  return (
    <>
      <button type="button" class={quiet ? "quiet" : ""} aria-label={label} onClick={copy}>
        <Icon name={done ? "done" : "copy"} /> <span>{done ? texts.copiedShort : children}</span>
      </button>
      <span role="status" class={said && !done ? "fault small" : "unseen"}>{said}</span>
    </>
  );
}
