// One file of the queue: its name, how far it is, and what can be done about it.
import { bytes, duration, name as readable } from "./format.js";
import { why } from "./words.js";

const STOPPABLE = new Set(["waiting", "hashing", "sending", "stalled"]);
const ENDING = new Set(["finishing", "done"]);

export function Row({ item, queue, texts, lang, onCancel }) {
  const { id, state, size, sent, hashed } = item;
  const name = readable(item.name);
  const reason = why(item, texts);
  const value = state === "hashing" ? hashed : sent;
  const amount = value > 0 && state !== "done" ? texts.sentOf(bytes(value, lang), bytes(size, lang)) : bytes(size, lang);
  const end = state === "failed" ? "remove" : "cancel";
  // One button for what can be done next, so that the focus stays where it is.
  const next = STOPPABLE.has(state) ? "pause" : state === "paused" ? "resume" : state === "failed" ? "retry" : null;
  return (
    <li class="send-row" data-state={state}>
      <p class="send-name">
        {item.path && <bdi class="dim">{readable(item.path)}/</bdi>}
        <bdi>{name}</bdi>
      </p>
      <progress max={size || 1} value={state === "done" ? size || 1 : value} aria-label={texts.progress(name)} />
      <p class="send-facts dim">
        <span class="send-state">{texts.states[state]}</span>
        <span>{amount}</span>
        {item.speed > 0 && <span>{texts.speed(bytes(item.speed, lang))}</span>}
        {item.secondsLeft !== null && item.secondsLeft > 0 && <span>{texts.left(duration(item.secondsLeft, lang))}</span>}
      </p>
      {reason && <p class="send-why">{reason}</p>}
      {!ENDING.has(state) && (
        <p class="send-acts">
          {next && (
            <button type="button" class="quiet" key="next" aria-label={texts.action(texts[next], name)} onClick={() => queue[next](id)}>
              {texts[next]}
            </button>
          )}
          <button type="button" class="quiet" key="cancel" aria-label={texts.action(texts[end], name)} onClick={() => onCancel(id)}>
            {texts[end]}
          </button>
        </p>
      )}
    </li>
  );
}
