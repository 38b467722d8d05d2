// What a guest sees: who may send what to whom, the queue, and that it has arrived.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { SendView } from "../send-view/index.jsx";
import { SendError } from "../send/failure.js";
import { createQueue } from "../send/index.js";
import { TEXTS } from "./language.js";
import "../style/page.css";
import "./guest.css";

export function GuestPage({ call, token, lang }) {
  const texts = TEXTS[lang];
  const sender = useRef("");
  const [items, setItems] = useState([]);
  const queue = useMemo(() => createQueue({ call: calling(call), uploadLink: token, sender: () => sender.current.trim() || null }), [token]);
  useEffect(() => queue.subscribe(setItems), [queue]);
  useEffect(() => { document.title = `${texts.guest.title} – CloudDrop`; }, [texts]);

  const going = items.some(({ state }) => !["done", "failed", "paused"].includes(state));
  const done = items.filter(({ state }) => state === "done").length;
  if (!globalThis.isSecureContext) return <Sheet texts={texts}><p>{texts.guest.secure}</p></Sheet>;
  return (
    <Sheet texts={texts}>
      <p>{texts.guest.intro}</p>
      <p class="guest-name">
        <label for="sender">{texts.guest.name}</label>
        <input
          id="sender" type="text" maxLength={60} autocomplete="name" aria-describedby="sender-what"
          onInput={(event) => { sender.current = event.currentTarget.value; }}
        />
        <span id="sender-what" class="dim">{texts.guest.nameWhat}</span>
      </p>
      <SendView queue={queue} texts={texts} lang={lang} />
      {going && <p class="dim">{texts.guest.keepOpen}</p>}
      {done > 0 && done === items.length && (
        <p class="guest-done"><strong>{texts.guest.done(done)}</strong> {texts.guest.doneWhat}</p>
      )}
    </Sheet>
  );
}

function Sheet({ texts, children }) {
  return (
    <>
      <header>CloudDrop</header>
      <main>
        <h1>{texts.guest.title}</h1>
        {children}
      </main>
    </>
  );
}

/** To a guest a token that is not good is a link that is not good: nobody can sign in here. */
function calling(call) {
  return async (...asked) => {
    try {
      return await call(...asked);
    } catch (error) {
      throw error?.status === 401 ? new SendError("link_wrong", { status: 401, api: error.code }) : error;
    }
  };
}
