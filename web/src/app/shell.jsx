// What is around every view once somebody is signed in: the way between views, the account, and words that pass.
import { useCallback, useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { account as ask } from "../api/account.js";
import { createQueue } from "../send/index.js";
import { FilesView } from "../views/files/index.jsx";
import { RequestsView } from "../views/requests/index.jsx";
import { SendingView } from "../views/sending/index.jsx";
import { SharesView } from "../views/shares/index.jsx";
import { createSentLinks } from "../views/sending/sent-links.js";
import { AccountBar } from "./account-bar.jsx";
import { AppContext } from "./context.js";
import { LanguagePicker } from "./language-picker.jsx";
import { VIEWS, useView } from "./router.js";
import { useDropped } from "./dropped.js";

const SHOWN = { send: SendingView, files: FilesView, shares: SharesView, requests: RequestsView };
const STOPPED = new Set(["done", "failed", "paused"]);
/** How long a word stays, milliseconds. */
const SAID = 7_000;

/** @param {{ isHidden: boolean, session: any, onLanguage: (lang: string) => void }} props */
export function Shell({ isHidden, session, onLanguage }) {
  const outer = useContext(AppContext);
  const { texts, lang, call, why } = outer;
  const [account, setAccount] = useState(/** @type {any} */ (null));
  const [fault, setFault] = useState("");
  const { word, say } = useWord();
  const owner = useRef(/** @type {string | null} */ (null));

  const refresh = useCallback(async () => {
    try {
      const now = await ask(call);
      // Somebody else's uploads are not theirs to see.
      if (owner.current !== null && owner.current !== now.owner) return location.reload();
      owner.current = now.owner;
      setFault("");
      setAccount(now);
    } catch (error) {
      setFault(error.status === 401 ? "" : why(error));
    }
  }, [call]);
  useEffect(() => { if (!isHidden) refresh(); }, [isHidden, refresh]);

  const app = useMemo(() => ({ ...outer, say, isAway: isHidden }), [outer, say, isHidden]);
  if (!account) {
    return (
      <main hidden={isHidden}>
        <p role="status">{fault ? "" : texts.loading}</p>
        {fault && <p role="alert" class="fault">{fault}</p>}
        {fault && <p class="act"><button type="button" onClick={refresh}>{texts.again}</button><button type="button" class="quiet" onClick={session.signOut}>{texts.account.signOut}</button></p>}
      </main>
    );
  }
  return (
    <AppContext.Provider value={app}>
      <div class="app" hidden={isHidden}>
        <Inside isAway={isHidden} account={account} session={session} refresh={refresh} picker={<LanguagePicker lang={lang} onPick={onLanguage} />} />
      </div>
      <p class="toast" role="status">{word}</p>
    </AppContext.Provider>
  );
}

function Inside({ isAway, account, session, refresh, picker }) {
  const { texts, call, say } = useContext(AppContext);
  const view = useView();
  const queue = useMemo(() => createQueue({ call, owner: account.owner }), [call, account.owner]);
  const links = useMemo(() => createSentLinks({ queue, call, storage: localStorage }), [queue, call]);
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const isFirst = useRef(true);

  useEffect(() => {
    document.title = `${texts.nav[view]} – CloudDrop`;
    // Who goes to another view begins at its top; at the start the focus is the browser's.
    if (!isFirst.current) main.current.focus();
    isFirst.current = false;
    refresh();
  }, [view]);
  useEffect(() => {
    if (isAway) return;
    // What could not go on without somebody who is signed in.
    for (const { id, error } of queue.items()) if (error?.code === "signed_out") queue.retry(id);
  }, [isAway, queue]);
  useDropped(queue, view, texts, say);

  const signOut = () => {
    if (queue.active() && !confirm(texts.account.leave)) return;
    queue.end();
    session.signOut();
    // Nothing of this account stays in the page's memory.
    location.replace("/");
  };
  const View = SHOWN[view];
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current.focus(); }}>{texts.skip}</a>
      <header class="bar">
        <p class="brand">CloudDrop</p>
        <nav aria-label={texts.nav.name}>
          {VIEWS.map((name) => (
            <a key={name} href={`#/${name}`} aria-current={name === view ? "page" : undefined}>
              {texts.nav[name]}{name === "send" && <Going queue={queue} />}
            </a>
          ))}
        </nav>
        {picker}
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        <View queue={queue} links={links} account={account} onChanged={refresh} />
      </main>
      <AccountBar account={account} onSignOut={signOut} />
    </>
  );
}

/** How many files are on their way: to be seen from every view. */
function Going({ queue }) {
  const { texts } = useContext(AppContext);
  const [count, setCount] = useState(0);
  useEffect(() => queue.subscribe((items) => setCount(items.filter(({ state }) => !STOPPED.has(state)).length)), [queue]);
  return count > 0 && <span class="count"><span aria-hidden="true">{count}</span><span class="unseen">{texts.nav.going(count)}</span></span>;
}

function useWord() {
  const [word, setWord] = useState("");
  const timer = useRef(0);
  const say = useCallback((/** @type {string} */ words) => {
    clearTimeout(timer.current);
    setWord(words);
    timer.current = setTimeout(() => setWord(""), SAID);
  }, []);
  return { word, say };
}
