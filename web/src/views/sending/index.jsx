// The view for sending: the queue, and the links to what has arrived.
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { Field } from "../../parts/field.jsx";
import { SendView } from "../../send-view/index.jsx";
import { SentLink } from "./sent-link.jsx";

/** Links that are shown here; the others are among all links. */
const SHOWN = 3;

export function SendingView({ queue, links, onChanged }) {
  const { texts, lang } = useApp();
  const [all, setAll] = useState(links.all());
  useEffect(() => links.subscribe(setAll), [links]);
  return (
    <>
      <h1>{texts.sendView.title}</h1>
      {all.slice(0, SHOWN).map((link) => <SentLink key={link.id} link={link} links={links} />)}
      <SendView queue={queue} texts={texts.send} lang={lang} onDone={onChanged} />
      <Wish links={links} />
    </>
  );
}

/** Whether there is to be a link at once, and for how long. */
function Wish({ links }) {
  const { texts: { sendView: texts, terms } } = useApp();
  const [wish, setWish] = useState(links.wish());
  const change = (part) => {
    const next = { ...wish, ...part };
    links.setWish(next);
    setWish(next);
  };
  return (
    <fieldset class="wish">
      <legend>{texts.afterwards}</legend>
      <p class="check">
        <input id="wish" type="checkbox" checked={wish.isMade} onChange={(event) => change({ isMade: event.currentTarget.checked })} />
        {" "}<label for="wish">{texts.make}</label>
      </p>
      <Field label={texts.validFor}>
        {(ids) => (
          <select {...ids} value={wish.lifetime} onChange={(event) => change({ lifetime: event.currentTarget.value })}>
            {Object.entries(terms.lifetimes).map(([span, words]) => <option key={span} value={span}>{words}</option>)}
          </select>
        )}
      </Field>
    </fieldset>
  );
}
