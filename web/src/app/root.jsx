// Decides between the door and what is behind it.
import { useEffect, useMemo, useState } from "preact/hooks";
import { createClient } from "../api/client.js";
import { settings as ask } from "../api/settings.js";
import { SignIn } from "../session/sign-in.jsx";
import { TEXTS } from "../texts/index.js";
import { AppContext } from "./context.js";
import { keepLanguage, language } from "./language.js";
import { LanguagePicker } from "./language-picker.jsx";
import { Shell } from "./shell.jsx";
import { why } from "./why.js";

/** @param {{ session: ReturnType<typeof import("../session/session.js").createSession> }} props */
export function Root({ session }) {
  const [lang, setLang] = useState(language);
  const [{ credential, isEnded }, setState] = useState(session.state());
  const [settings, setSettings] = useState(/** @type {any} */ (null));
  const [fault, setFault] = useState("");
  const texts = TEXTS[lang];
  const { call } = useMemo(() => createClient({ base: "", token: session.token, onSignedOut: session.end }), [session]);

  useEffect(() => { document.documentElement.lang = lang; }, [lang]);
  useEffect(() => session.subscribe(setState), [session]);
  useEffect(() => {
    begin(session, setSettings).catch((error) => {
      if (error.status !== undefined) setFault(why(error, texts));
      else setFault(error.error === "access_denied" ? texts.signIn.denied : texts.signIn.providerFault);
      setSettings((now) => now ?? { oidc: null });
    });
  }, [session]);

  const pick = (chosen) => {
    keepLanguage(chosen);
    setLang(chosen);
  };
  const app = { texts, lang, call, why: (error) => why(error, texts), say: () => {}, isAway: false };
  const enter = (key, stay) => {
    setFault("");
    session.signIn({ kind: "key", token: key }, { stay });
  };
  const isOutside = !credential;
  return (
    <AppContext.Provider value={app}>
      {isOutside && settings && (
        <div class="outside">
          <header class="bar"><p class="brand">CloudDrop</p><LanguagePicker lang={lang} onPick={pick} /></header>
          <SignIn key={fault} texts={texts} settings={settings} fault={fault} isEnded={isEnded} onKey={enter} />
        </div>
      )}
      {(credential || isEnded) && <Shell isHidden={isOutside} session={session} onLanguage={pick} />}
    </AppContext.Provider>
  );
}

/** Learns where it is, ends a sign-in that was begun, and keeps the token fresh. */
async function begin(session, onSettings) {
  const found = await ask();
  if (!found.oidc) return onSettings(found);
  const { arrive, isBack } = await import("../session/oidc.js");
  try {
    if (isBack()) session.signIn(await arrive(found.oidc));
  } finally {
    onSettings(found);
  }
  const { keepFresh } = await import("../session/keep-fresh.js");
  keepFresh(session, found.oidc);
}
