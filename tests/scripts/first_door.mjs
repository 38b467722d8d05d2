// Puts cases through the CloudFront Function: `{ codes, cases: [{ code, store, now, method, url, headers, address }], modules }`
// in, for each case `{ refused: { status, headers, body } }`, `{ passed: headers }` or `{ skipped }` out.
import { readFileSync } from "node:fs";
import { eventOf, load } from "../../lambda-edge/function/test/harness.mjs";

const { codes, cases } = JSON.parse(readFileSync(0, "utf8"));
const out = [];
for (const one of cases) {
  const authority = /^https?:\/\/([^/?]*)/.exec(one.url)?.[1];
  const host = one.headers.filter(([name]) => name.toLowerCase() === "host");
  // CloudFront tells the host by the field Host alone.
  if (host.length !== 1 || host[0][1].toLowerCase() !== authority?.toLowerCase() || !one.url.slice(8).includes("/")) {
    out.push({ skipped: true });
    continue;
  }
  const logged = [];
  const event = eventOf(one);
  const before = structuredClone({ ...event.request, rawQueryString: 0 });
  const answer = await load(codes[one.code], { store: one.store, log: (line) => logged.push(line) })(event, one.now);
  if (logged.some((line) => JSON.parse(line).alarm)) throw new Error(`${one.name}: ${logged}`);
  if (answer.statusCode) {
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, { value }]) => [name, value]));
    out.push({ refused: { status: answer.statusCode, headers, body: answer.body?.data ?? null } });
    continue;
  }
  for (const name of Object.keys(before.headers)) if (name.startsWith("x-clouddrop-")) delete before.headers[name];
  const added = { "x-clouddrop-host": { value: event.request.headers.host.value }, "x-clouddrop-address": { value: event.viewer.ip } };
  const wanted = JSON.stringify({ ...before, headers: { ...before.headers, ...added } });
  const found = JSON.stringify({ ...answer, rawQueryString: 0 });
  out.push(found === wanted ? { passed: true } : { changed: found });
}
process.stdout.write(JSON.stringify(out));
