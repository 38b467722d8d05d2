// The queue as people see it: where files are dropped, and the list of those that are on their way.
import { useEffect, useRef, useState } from "preact/hooks";
import { DropZone } from "./drop-zone.jsx";
import { Row } from "./row.jsx";
import { Told } from "./told.jsx";
import { Total } from "./total.jsx";
import { Unfinished } from "./unfinished.jsx";
import "./send.css";

/** Rows that are shown: a folder of thousands of files would stop the page. */
const ROWS = 100;
/** How often unfinished uploads are looked for, milliseconds. */
const LOOKED = 3_000;
/** Of each queue, the files whose arrival was told. @type {WeakMap<object, Set<string>>} */
const TOLD = new WeakMap();

/**
 * @param {{ queue: ReturnType<typeof import("../send/index.js").createQueue>, texts: any, lang: string,
 *   onDone?: (item: import("../send/queue.js").Item) => void, accept?: string }} props
 *   `texts` of `texts/send.*.js`; `onDone` is told of each file once it has arrived
 */
export function SendView({ queue, texts, lang, onDone, accept }) {
  const [items, setItems] = useState(queue.items());
  const [unfinished, setUnfinished] = useState([]);
  const list = useRef(null);

  const recover = () => queue.recover().then(setUnfinished);
  useEffect(() => {
    recover();
    // What another tab was sending is to be found here once that tab is gone.
    const timer = setInterval(() => { if (document.visibilityState === "visible") recover(); }, LOOKED);
    return () => clearInterval(timer);
  }, [queue]);
  useEffect(() => queue.subscribe(setItems), [queue]);
  useEffect(() => {
    // Once each, however often the view comes and goes.
    const told = TOLD.get(queue) ?? new Set();
    TOLD.set(queue, told);
    for (const item of items.filter(({ state, id }) => state === "done" && !told.has(id))) {
      told.add(item.id);
      onDone?.(item);
    }
  }, [queue, items, onDone]);

  // An unfinished upload whose file was added again is in the list already.
  const added = new Set(items.map(({ name, path, size }) => JSON.stringify([name, path, size])));
  const missing = unfinished.filter(({ name, path, size }) => !added.has(JSON.stringify([name, path, size])));
  const discard = async (id) => {
    await queue.discard(id);
    await recover();
  };
  const cancel = (id) => {
    // The button that had the focus goes with its row.
    list.current?.focus();
    return queue.cancel(id);
  };
  // What has arrived last.
  const ordered = items.toSorted((a, b) => Number(a.state === "done") - Number(b.state === "done"));

  return (
    <div class="send">
      <DropZone texts={texts} accept={accept} onFiles={(files) => queue.add(files)} />
      {missing.length > 0 && <Unfinished records={missing} texts={texts} lang={lang} onDiscard={discard} />}
      {items.length > 0 && (
        <section class="send-list" aria-label={texts.queue} tabIndex={-1} ref={list}>
          <Total items={items} texts={texts} lang={lang} onClear={() => queue.clear()} />
          <ul>
            {ordered.slice(0, ROWS).map((item) => (
              <Row key={item.id} item={item} queue={queue} texts={texts} lang={lang} onCancel={cancel} />
            ))}
          </ul>
          {items.length > ROWS && <p class="dim">{texts.more(items.length - ROWS)}</p>}
        </section>
      )}
      <Told items={items} texts={texts} />
    </div>
  );
}
