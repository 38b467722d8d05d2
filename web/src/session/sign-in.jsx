// The door: by the identity provider, where there is one, or with an API key.
import { useState } from "preact/hooks";
import { createClient } from "../api/client.js";
import { account } from "../api/account.js";
import { Field } from "../parts/field.jsx";
import { why } from "../app/why.js";

/**
 * @param {{ texts: any, settings: { oidc: any } | null, fault: string, isEnded: boolean,
 *   onKey: (key: string, stay: boolean) => void }} props `fault`: why signing in did not work, in words
 */
export function SignIn({ texts, settings, fault, isEnded, onKey }) {
  const { signIn } = texts;
  const [said, setSaid] = useState(fault);
  const [busy, setBusy] = useState(false);

  const enter = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const key = form.elements.key.value.trim();
    if (!key) return setSaid(signIn.noKey);
    setBusy(true);
    setSaid("");
    try {
      // Only a key that the service takes is kept.
      await account(createClient({ base: "", token: () => key }).call);
      onKey(key, form.elements.stay.checked);
    } catch (error) {
      setSaid(error.status === 401 ? signIn.wrongKey : why(error, texts));
      setBusy(false);
      form.elements.key.focus();
    }
  };
  const provider = async () => {
    setBusy(true);
    setSaid("");
    try {
      const { leave } = await import("./oidc.js");
      await leave(settings.oidc);
    } catch {
      setSaid(signIn.providerFault);
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <h1>{signIn.title}</h1>
      <p class="dim">{isEnded ? signIn.ended : signIn.what}</p>
      <p role="alert" class="fault">{said}</p>
      {settings?.oidc && (
        <>
          <p><button type="button" class="wide" disabled={busy} onClick={provider}>{signIn.provider}</button></p>
          <p class="or" aria-hidden="true"><span>{signIn.or}</span></p>
        </>
      )}
      <form onSubmit={enter}>
        <Field label={signIn.key} what={signIn.keyWhat}>
          {(ids) => <input {...ids} name="key" type="password" autocomplete="current-password" spellcheck={false} maxLength={4096} required />}
        </Field>
        <p class="check">
          <input id="stay" name="stay" type="checkbox" /> <label for="stay">{signIn.stay}</label>
        </p>
        <p><button class={settings?.oidc ? "quiet wide" : "wide"} disabled={busy}>{signIn.enter}</button></p>
      </form>
    </main>
  );
}
