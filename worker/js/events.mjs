// Downloads and claims, told to the signer in batches: the owner of a share reads of them there. A reply waits for none
// of it, and what cannot be told is counted in the log.
import { BODY, BYTES, FETCH_NAMES, METHOD, NAMES, STATUS, URL, encoder } from "./lines.mjs";
import { rules } from "./rules.mjs";

// How long events gather, and how many of them or of their characters are sent at once.
const GATHER_MILLIS = 2_000;
const MOST_EVENTS = 200;
const MOST_CHARACTERS = 40_000;
// Most that wait: an instance whose signer is out does not fill up.
const MOST_WAITING = 5_000;
// Waits before a batch is sent again, under its own name: the signer counts it once.
const PAUSES = [1_000, 5_000];

const waiting = [];
let isGathering = false;
let lost = 0;

// Notes what a reply tells, if it is a body of an object or a claimed use.
export function note(asked, lines, filled) {
  const kind = kindOf(lines);
  if (!kind) return;
  if (waiting.length === MOST_WAITING) lost += 1;
  else waiting.push(`{"at":${Date.now()},"kind":"${kind}","bytes":${kind === "claim" ? 0 : lines[BYTES]},${asked.event}}`);
  if (isGathering) return;
  isGathering = true;
  asked.context.waitUntil(gather(filled, asked.context.gatherMillis ?? GATHER_MILLIS));
}

function kindOf(lines) {
  switch (lines[STATUS]) {
    case "303":
      return "claim";
    case "200":
      return isObject(lines) ? "download" : "";
    case "206":
      if (!isObject(lines)) return "";
      return rangeOf(lines).startsWith("bytes 0-") ? "download" : "part";
    default:
      return "";
  }
}

const isObject = (lines) => lines[BODY] !== "-" && lines[BODY] !== "T";

const rangeOf = (lines) => lines[NAMES + 1 + lines[NAMES].split(" ").indexOf("content-range")];

async function gather(filled, millis) {
  await later(millis);
  isGathering = false;
  while (waiting.length > 0) await tell(batch(), filled);
  if (lost > 0) {
    console.error(JSON.stringify({ code: "events", reason: "events could not be told", lost, alarm: true }));
    lost = 0;
  }
}

function batch() {
  let count = 0;
  let length = 0;
  while (count < waiting.length && count < MOST_EVENTS && length < MOST_CHARACTERS) length += waiting[count++].length;
  return waiting.splice(0, count);
}

async function tell(events, filled) {
  const name = crypto.randomUUID().replaceAll("-", "");
  const body = encoder.encode(`{"batch":"${name}","events":[${events.join(",")}]}`);
  for (const pause of [...PAUSES, 0]) {
    try {
      const lines = rules.own_call("/edge/v1/events", body, Date.now()).split("\n");
      if (lines.length > FETCH_NAMES) {
        const { headers } = filled("", lines, FETCH_NAMES);
        const answer = await fetch(lines[URL], { method: lines[METHOD], headers, body, redirect: "manual" });
        answer.body?.cancel().catch(() => {});
        if (answer.ok) return;
      }
    } catch {
      // Told again below, or counted as lost.
    }
    if (pause) await later(pause);
  }
  lost += events.length;
}

const later = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
