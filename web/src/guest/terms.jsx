// What the upload link says: what it is for, what it takes, and until when.
import { useEffect, useState } from "preact/hooks";
import { bytes, moment, name as readable } from "../send-view/format.js";
import { ofApi } from "../send/failure.js";
import { PATIENCE, patiently } from "../send/patience.js";

/** How often the link is asked again where there is no answer, before the page says so. */
const TRIES = 3;

/**
 * The link's terms once they are known, or why they are not.
 * @returns {{ terms?: { note?: string, max_file_bytes?: number, types: string[], expires_at: string }, refused?: string }}
 */
export function useTerms(call) {
  const [state, setState] = useState({});
  useEffect(() => {
    const leaving = new AbortController();
    const ask = () => call("GET", "/api/v1/uploads/terms").catch((error) => { throw ofApi(error); });
    patiently(ask, { signal: leaving.signal, patience: { ...PATIENCE, retries: TRIES }, onTrouble: () => {} }).then(
      (terms) => setState({ terms }),
      (error) => { if (!leaving.signal.aborted) setState({ refused: error.code }); },
    );
    return () => leaving.abort();
  }, [call]);
  return state;
}

export function Terms({ terms, texts, lang }) {
  const { note, max_file_bytes: most, types, expires_at: until } = terms;
  return (
    <>
      {note && (
        <figure class="guest-note">
          <figcaption class="dim">{texts.guest.note}</figcaption>
          <blockquote dir="auto">{readable(note)}</blockquote>
        </figure>
      )}
      <p class="dim">
        {[
          types.length > 0 && texts.guest.takes(types.map((type) => taken(type, texts))),
          most && texts.guest.upTo(bytes(most, lang)),
          texts.guest.until(moment(Date.parse(until), lang)),
        ].filter(Boolean).join(" ")}
      </p>
    </>
  );
}

/** What a file chooser is told to offer; everything, if all is taken. */
export function accept(/** @type {string[]} */ types) {
  return types.length === 0 || types.includes("*/*") ? undefined : types.join(",");
}

/** `image/*` as people call it; other types by their own name. */
function taken(type, texts) {
  const [family, rest] = type.split("/");
  return (rest === "*" && texts.guest.families[family]) || type;
}
