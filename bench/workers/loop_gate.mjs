// verify + decide + sign by the edge's own wasm, N times in one request (`/?n=N`). workerd's clock stands still within
// a request, so the time is taken outside. With `&border` the same text goes in and is refused at the first look: what
// that costs is the border.
import module from "./clouddrop_bg.wasm";
import { initSync, configure, gate, take_list } from "./clouddrop.js";

initSync({ module });
// As entry.mjs does: the text is encoded anew each time, into one array.
const encoder = new TextEncoder();
const scratch = new Uint8Array(32_768);
let configured = false;

export default {
  fetch(request, env) {
    if (!configured) {
      configure(env.VARS);
      configured = true;
    }
    // An empty list, as new as the request.
    const list = Uint8Array.from(atob(env.LIST), (char) => char.charCodeAt(0));
    const fault = take_list(200, '"list"', list, Date.now());
    if (fault) return new Response(fault, { status: 500 });
    const { searchParams } = new URL(request.url);
    const n = Number(searchParams.get("n"));
    const isBorder = searchParams.has("border");
    const record = isBorder ? env.RECORD.replace("://", "://other.") : env.RECORD;
    const now = Date.now();
    let answer = "";
    for (let i = 0; i < n; i++) {
      answer = gate(scratch.subarray(0, encoder.encodeInto(record, scratch).written), false, now);
    }
    // "F": the decision is to fetch. Anything else would be a refusal, which is cheaper than the work to be measured.
    const isRight = answer.startsWith(isBorder ? "R\n" : "F\n");
    return new Response(isRight ? "" : answer, { status: isRight ? 200 : 500 });
  },
};
