// Uploads that were cut off by a reload or a crash: they go on once their file is chosen again, which the page may not
// do by itself.
import { bytes, moment, name as readable } from "./format.js";

export function Unfinished({ records, texts, lang, onDiscard }) {
  return (
    <section class="send-unfinished" aria-labelledby="send-unfinished">
      <h2 id="send-unfinished">{texts.unfinished}</h2>
      <p>{texts.unfinishedWhat}</p>
      <ul>
        {records.map(({ id, name, path, size, sent, expiresAt }) => (
          <li key={id} class="send-row">
            <p class="send-name">
              {path && <bdi class="dim">{readable(path)}/</bdi>}
              <bdi>{readable(name)}</bdi>
            </p>
            <p class="send-facts dim">
              <span>{texts.sentOf(bytes(sent, lang), bytes(size, lang))}</span>
              <span>{texts.unfinishedUntil(moment(expiresAt, lang))}</span>
            </p>
            <p class="send-acts">
              <button type="button" class="quiet" aria-label={texts.action(texts.discard, readable(name))} onClick={() => onDiscard(id)}>
                {texts.discard}
              </button>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
