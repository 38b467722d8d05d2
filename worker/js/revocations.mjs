// The newest revocation list: asked for here, read and believed by the rules.
import { rules, state } from "./rules.mjs";

// Longest wait for the list. A request may be waiting with it.
const PATIENCE_MILLIS = 2_500;
// Longest list that is read; the rules refuse a longer one before they look at it.
const MOST_BYTES = 8_388_608;

// Asks for the list, and resolves whatever comes of it: the rules know how old theirs is.
export async function refreshList() {
  const askedAt = Date.now();
  let why;
  try {
    const [url, names, ...values] = rules.list_request(askedAt).split("\n");
    if (!url) return;
    const headers = names.split(" ").map((name, place) => [name, values[place]]);
    const signal = AbortSignal.timeout(PATIENCE_MILLIS);
    const answer = await fetch(url, { headers, redirect: "manual", signal });
    if (+answer.headers.get("content-length") > MOST_BYTES) {
      answer.body?.cancel().catch(() => {});
      throw new Error("the revocation list is too long");
    }
    const body = new Uint8Array(await answer.arrayBuffer());
    why = rules.take_list(answer.status, answer.headers.get("etag") ?? undefined, body, askedAt);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
    why = `the revocation list could not be had: ${error?.message ?? error}`;
  }
  if (why) console.error(JSON.stringify({ code: "revocations", reason: why, alarm: true }));
}

// When a question that is on its way began: while it is, nobody asks in the background.
let asking = 0;

export async function refreshIfIdle() {
  if (Date.now() - asking < PATIENCE_MILLIS) return;
  asking = Date.now();
  await refreshList();
  asking = 0;
}
