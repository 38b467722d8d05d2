// What a guest sees: who may send what to whom, the queue, and that it has arrived.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { SendView } from "../send-view/index.jsx";
import { SendError } from "../send/failure.js";
import { createQueue } from "../send/index.js";
import { TEXTS } from "./language.js";
import { Terms, accept, useTerms } from "./terms.jsx";
import "../style/page.css";
import "./guest.css";

/** What says that the link itself is over: nothing can be sent then. */
const OVER = new Set(["link_wrong", "link_closed", "refused"]);

export function GuestPage({ call, token, lang }) {
  const texts = TEXTS[lang];
  const asking = useMemo(() => asGuest(call), [call]);
  const { terms, refused } = useTerms(asking);
  useEffect(() => { document.title = `${texts.guest.title} – CloudDrop`; }, [texts]);
  return (
    <>
      <header>CloudDrop</header>
      <main>
        <h1>{texts.guest.title}</h1>
        {state()}
      </main>
    </>
  );

  function state() {
    if (!globalThis.isSecureContext) return <p>{texts.guest.secure}</p>;
    if (OVER.has(refused)) return <p role="alert">{texts.errors[refused === "refused" ? "link_wrong" : refused]}</p>;
    if (refused) return <p role="alert">{texts.guest.unknown}</p>;
    if (!terms) return <p role="status">{texts.guest.loading}</p>;
    return <Sending call={asking} token={token} terms={terms} texts={texts} lang={lang} />;
  }
}

function Sending({ call, token, terms, texts, lang }) {
  const sender = useRef("");
  const [items, setItems] = useState([]);
  const queue = useMemo(() => createQueue({ call, uploadLink: token, sender: () => sender.current.trim() || null }), [call, token]);
  useEffect(() => queue.subscribe(setItems), [queue]);
  const going = items.some(({ state }) => !["done", "failed", "paused"].includes(state));
  const done = items.filter(({ state }) => state === "done").length;
  return (
    <>
      <p>{texts.guest.intro}</p>
      <Terms terms={terms} texts={texts} lang={lang} />
      <p class="guest-name">
        <label for="sender">{texts.guest.name}</label>
        <input
          id="sender" type="text" maxLength={60} autocomplete="name" aria-describedby="sender-what"
          onInput={(event) => { sender.current = event.currentTarget.value; }}
        />
        <span id="sender-what" class="dim">{texts.guest.nameWhat}</span>
      </p>
      <SendView queue={queue} texts={texts} lang={lang} accept={accept(terms.types)} />
      {going && <p class="dim">{texts.guest.keepOpen}</p>}
      {done > 0 && done === items.length && (
        <p class="guest-done"><strong>{texts.guest.done(done)}</strong> {texts.guest.doneWhat}</p>
      )}
    </>
  );
}

/** To a guest a token that is not good is a link that is not good: nobody can sign in here. */
function asGuest(call) {
  return async (...asked) => {
    try {
      return await call(...asked);
    } catch (error) {
      throw error?.status === 401 ? new SendError("link_wrong", { status: 401, api: error.code }) : error;
    }
  };
}
