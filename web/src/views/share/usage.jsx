// How a share was used: in numbers, and by the day.
import { useCallback, useEffect, useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { shareEvents } from "../../api/shares.js";
import { Chart } from "../../parts/chart.jsx";
import { Time } from "../../parts/time.jsx";
import { bytes } from "../../send-view/format.js";
import { byDay } from "./by-day.js";
import { usesOf } from "./uses.js";

const DAYS = 14;
/** The most that one call gives. */
const EVENTS = 200;

export function Usage({ share }) {
  const { texts: { shares: texts }, call, lang, why } = useApp();
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [fault, setFault] = useState("");
  const load = useCallback(async (signal) => {
    try {
      setFound(await shareEvents(call, share.id, { limit: EVENTS }, { signal }));
    } catch (error) {
      if (!signal.aborted) setFault(why(error));
    }
  }, [call, share.id]);
  useEffect(() => {
    const asking = new AbortController();
    load(asking.signal);
    return () => asking.abort();
  }, [load]);

  const { uses } = share;
  const day = (at) => new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" }).format(at);
  const bars = found && byDay(found.items, DAYS, Date.now()).map(({ at, count }) => ({ label: day(at), count }));
  return (
    <section class="usage">
      <h3>{texts.usage}</h3>
      {uses.downloads + uses.claims === 0 && !bars?.some(({ count }) => count > 0)
        ? <p class="dim">{texts.never}</p>
        : (
          <p>
            {texts.downloads(usesOf(share), share.max_downloads)}, {bytes(uses.bytes, lang)}
            {uses.last_at && <>, {texts.last} <Time at={uses.last_at * 1_000} /></>}
          </p>
        )}
      {bars?.some(({ count }) => count > 0) && <Chart bars={bars} title={texts.chart(DAYS)} head={[texts.day, texts.count]} />}
      {found?.next_cursor && <p class="dim small">{texts.chartSome}</p>}
      {fault && <p role="alert" class="fault">{fault}</p>}
    </section>
  );
}
