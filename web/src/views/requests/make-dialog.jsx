// A new request: its terms, then its link.
import { useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { createKeys } from "../../api/once.js";
import { makeUploadLink } from "../../api/upload-links.js";
import { Dialog } from "../../parts/dialog.jsx";
import { Field } from "../../parts/field.jsx";
import { useSubmit } from "../../parts/use-submit.js";
import { name as readable } from "../../send-view/format.js";
import { LinkBox } from "../share/link-box.jsx";
import { TYPES, bodyOf, faultsOf } from "./wish.js";

/** @param {{ onMade: (link: any) => void, onClose: () => void }} props */
export function MakeDialog({ onMade, onClose }) {
  const { texts: all, call } = useApp();
  const { requests: texts, terms } = all;
  const [made, setMade] = useState(/** @type {any} */ (null));
  const [keyOf] = useState(createKeys);

  const { submit, faults, said, busy } = useSubmit({
    valuesOf: (form) => Object.fromEntries(new FormData(form)),
    faultsOf,
    async send(values) {
      const body = bodyOf(values);
      const link = await makeUploadLink(call, body, keyOf(body));
      setMade(link);
      onMade(link);
    },
  });
  if (made) {
    return (
      <Dialog title={texts.link} close={all.close} onClose={onClose}>
        <p role="status">{texts.made}</p>
        <LinkBox share={made} name={made.note ? readable(made.note) : texts.nameless} />
      </Dialog>
    );
  }
  const fault = (name) => faults[name] && terms[faults[name]];
  return (
    <Dialog title={texts.makeTitle} close={all.close} onClose={onClose}>
      <form class="terms" onSubmit={submit} noValidate>
        <div class="fields">
          <Field label={texts.note} what={texts.noteWhat}>{(ids) => <textarea {...ids} name="note" rows={2} maxLength={1000} />}</Field>
          <Field label={terms.expires}>
            {(ids) => (
              <select {...ids} name="lifetime">
                {Object.entries(terms.lifetimes).map(([span, words]) => <option key={span} value={span} selected={span === "7d"}>{words}</option>)}
              </select>
            )}
          </Field>
          <Field label={texts.maxFiles} fault={fault("maxFiles")}>
            {(ids) => <input {...ids} name="maxFiles" inputMode="numeric" defaultValue="100" />}
          </Field>
          <Field label={texts.maxFileSize} what={texts.maxFileSizeWhat} fault={fault("maxFileSize")}>
            {(ids) => <input {...ids} name="maxFileSize" inputMode="numeric" />}
          </Field>
          <Field label={texts.types}>
            {(ids) => (
              <select {...ids} name="types">
                {Object.keys(TYPES).map((set) => <option key={set} value={set}>{texts.typeSets[set]}</option>)}
              </select>
            )}
          </Field>
        </div>
        <p role="alert" class="fault">{said}</p>
        <p class="act"><button disabled={busy}>{texts.enter}</button></p>
      </form>
    </Dialog>
  );
}
