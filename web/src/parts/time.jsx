// A moment, as people read it.
import { useApp } from "../app/context.js";
import { moment } from "../send-view/format.js";

/** @param {{ at: string | number }} props RFC 3339, or milliseconds since 1970 */
export function Time({ at }) {
  const { lang } = useApp();
  const date = new Date(at);
  return <time dateTime={date.toISOString()}>{moment(date.getTime(), lang)}</time>;
}
