// How far all files together are.
import { bytes, duration } from "./format.js";

const sum = (items, fact) => items.reduce((total, item) => total + item[fact], 0);

export function Total({ items, texts, lang, onClear }) {
  const done = items.filter(({ state }) => state === "done").length;
  const size = sum(items, "size");
  const sent = sum(items, "sent");
  const speed = sum(items, "speed");
  return (
    <div class="send-total">
      <h2>{texts.total(done, items.length)}</h2>
      {items.length > 1 && done < items.length && (
        <p class="send-facts dim">
          <span>{texts.sentOf(bytes(sent, lang), bytes(size, lang))}</span>
          {speed > 0 && <span>{texts.left(duration((size - sent) / speed, lang))}</span>}
        </p>
      )}
      {done > 0 && <button type="button" class="quiet" onClick={onClear}>{texts.clear}</button>}
    </div>
  );
}
