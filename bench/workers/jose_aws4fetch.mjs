// The peer as a whole worker: gate, fetch, and the same security headers and allow-list as the edge.
import { createGate, Refused } from "./jose_gate.mjs";

/** Origin headers that may reach the client. */
const PASSED = [
  "accept-ranges",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-type",
  "etag",
  "last-modified",
];

const SECURITY = [
  ["strict-transport-security", "max-age=63072000; includeSubDomains; preload"],
  ["x-content-type-options", "nosniff"],
  ["content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  ["cross-origin-opener-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["x-robots-tag", "noindex"],
  ["cache-control", "private, no-store, no-transform"],
];

// The value, not its promise: workerd forbids one request to wait for another's promise.
let gate;

export default {
  async fetch(request, env) {
    gate ??= await createGate(env);
    const url = request.url;
    const path = url.slice(url.indexOf("/", 8));
    const query = path.indexOf("?");
    try {
      const signed = await gate(request.method, query < 0 ? path : path.slice(0, query), request.headers);
      const upstream = await fetch(signed);
      if (upstream.status >= 400) {
        await upstream.body?.cancel();
        return refuse(upstream.status === 404 ? 404 : 502);
      }
      const headers = new Headers(SECURITY);
      headers.set("content-disposition", "attachment");
      for (const name of PASSED) {
        const value = upstream.headers.get(name);
        if (value !== null) headers.set(name, value);
      }
      return new Response(upstream.body, { status: upstream.status, headers });
    } catch (error) {
      if (error instanceof Refused) return refuse(error.status);
      return refuse(502);
    }
  },
};

function refuse(status) {
  const headers = new Headers(SECURITY);
  headers.set("content-type", "application/problem+json");
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify({ status }), { status, headers });
}
