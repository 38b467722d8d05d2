// The form of a share's terms, for a new one and for one that is there.
import { useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { Field } from "../../parts/field.jsx";
import { useSubmit } from "../../parts/use-submit.js";
import { moment } from "../../send-view/format.js";
import { FRESH, faultsOf, termsOf } from "./terms.js";

/**
 * @param {{ share: any | null, isFolder: boolean, act: string, onSubmit: (terms: import("./terms.js").Terms) => Promise<void> }} props
 */
export function TermsForm({ share, isFolder, act, onSubmit }) {
  const { texts: { terms: texts }, lang } = useApp();
  const [terms, setTerms] = useState(share ? termsOf(share) : FRESH);
  const { submit, faults, said, busy } = useSubmit({ valuesOf: () => terms, faultsOf, send: onSubmit });
  const text = (name) => ({ name, value: terms[name], onInput: (event) => setTerms({ ...terms, [name]: event.currentTarget.value }) });
  const tick = (name) => ({ id: `terms-${name}`, type: "checkbox", checked: terms[name], onChange: (event) => setTerms({ ...terms, [name]: event.currentTarget.checked }) });
  return (
    <form class="terms" onSubmit={submit} noValidate autocomplete="off">
      <div class="fields">
        <Field label={share ? texts.extendTo : texts.expires}>
          {(ids) => (
            <select {...ids} {...text("lifetime")}>
              {share && <option value="">{texts.keepEnd(moment(Date.parse(share.expires_at), lang))}</option>}
              {Object.entries(texts.lifetimes).map(([span, words]) => <option key={span} value={span}>{share ? texts.fromNow(words) : words}</option>)}
            </select>
          )}
        </Field>
        <Field label={texts.maxDownloads} what={texts.maxDownloadsWhat} fault={faults.maxDownloads && texts[faults.maxDownloads]}>
          {(ids) => <input {...ids} {...text("maxDownloads")} inputMode="numeric" />}
        </Field>
        <Field label={texts.password} what={share?.password ? texts.passwordSet : texts.passwordWhat}>
          {(ids) => <input {...ids} {...text("password")} type="password" autocomplete="new-password" maxLength={128} disabled={terms.removePassword} />}
        </Field>
        {share?.password && <p class="check"><input {...tick("removePassword")} /> <label for="terms-removePassword">{texts.removePassword}</label></p>}
      </div>
      <details>
        <summary>{texts.more}</summary>
        <div class="fields">
          <Field label={texts.networks} what={texts.networksWhat}>
            {(ids) => <textarea {...ids} {...text("networks")} rows={2} spellcheck={false} />}
          </Field>
          <Field label={texts.countries} what={texts.countriesWhat}>
            {(ids) => <input {...ids} {...text("countries")} spellcheck={false} />}
          </Field>
          {!isFolder && <Field label={texts.fileName}>{(ids) => <input {...ids} {...text("fileName")} maxLength={255} />}</Field>}
          <Field label={texts.note} what={texts.noteWhat}>
            {(ids) => <textarea {...ids} {...text("note")} rows={2} maxLength={1000} />}
          </Field>
          <p class="check"><input {...tick("inline")} /> <label for="terms-inline">{texts.inline}</label></p>
        </div>
      </details>
      <p role="alert" class="fault">{said}</p>
      <p class="act"><button disabled={busy}>{act}</button></p>
    </form>
  );
}
