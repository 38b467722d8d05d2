// verify + decide + sign by jose and aws4fetch, N times in one request (`/?n=N`). workerd's clock stands still within
// a request, so the time is taken outside.
import { createGate } from "./jose_gate.mjs";

let gate;

export default {
  async fetch(request, env) {
    gate ??= await createGate(env);
    const n = Number(new URL(request.url).searchParams.get("n"));
    const headers = new Headers(JSON.parse(env.REQUEST_HEADERS));
    let signed;
    for (let i = 0; i < n; i++) signed = await gate("GET", env.REQUEST_PATH, headers);
    const good = signed.headers.get("authorization")?.startsWith("AWS4-HMAC-SHA256 ");
    return new Response("", { status: good ? 200 : 500 });
  },
};
