// Downloads by the day, as the person's calendar has it.

/**
 * @param {{ at: number, kind: string }[]} events @param {number} days how many, the last of them today
 * @param {number} now milliseconds since 1970
 * @returns {{ at: number, count: number }[]} the oldest first
 */
export function byDay(events, days, now) {
  const bars = Array.from({ length: days }, (_, at) => ({ at: dayBefore(now, days - 1 - at), count: 0 }));
  for (const { at, kind } of events) {
    if (kind !== "download") continue;
    const bar = bars.find((one) => one.at === dayBefore(at, 0));
    if (bar) bar.count += 1;
  }
  return bars;
}

/** The first moment of the day so many days before. Days are not all of 24 hours. */
function dayBefore(/** @type {number} */ moment, /** @type {number} */ days) {
  const date = new Date(moment);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - days).getTime();
}
