// An object's way through CloudFront, which sends it: the signed request goes out of `originRequest`, what the bucket
// has answered comes back to `originResponse`, maybe in another instance. What is known of the request travels in a
// header between the two. It holds no token, and a viewer's own is taken out (event.mjs).
import { EXPECT, FETCH_NAMES, METHOD, TIME, URL as TARGET } from "../../worker/js/lines.mjs";
import { settle } from "../../worker/js/origin.mjs";
import { fieldsOf } from "./event.mjs";

const STATE = "x-clouddrop-state";
// What a function may not change on the way to an origin (CloudFront developer guide, "Read-only headers").
const READ_ONLY = /^(?:accept-encoding|content-length|if-modified-since|if-none-match|if-range|if-unmodified-since|transfer-encoding|via)$/;
// What a refusal's form depends on; the rest of a request is settled by now.
const TOLD = /^(?:host|accept|accept-language|origin|x-clouddrop-id|x-clouddrop-address)$/;
// CloudFront waits so many seconds for the bucket's first byte, and keeps connections for the next request.
const READ_SECONDS = 20;
const KEEP_SECONDS = 30;

export class Handover {
  #asked;
  #lines;
  #withoutRange;

  constructor(asked, lines, withoutRange) {
    this.#asked = asked;
    this.#lines = lines;
    this.#withoutRange = withoutRange;
  }

  // The event's request as it is to go on: to the bucket, with its signature and nothing else of the viewer's.
  request(viewers) {
    const lines = this.#lines;
    const [, scheme, authority, path] = /^(https?):\/\/([^/]+)(\/.*)$/.exec(lines[TARGET]);
    const [domainName, port] = authority.split(":");
    const headers = {};
    for (const [name, values] of Object.entries(viewers.headers)) {
      if (READ_ONLY.test(name)) headers[name] = values;
    }
    const put = (name, value) => (headers[name] = [{ key: name, value }]);
    put("host", authority);
    const names = lines[FETCH_NAMES].split(" ");
    names.forEach((name, at) => {
      const isOurs = !READ_ONLY.test(name) && !(name === "range" && this.#withoutRange);
      if (isOurs) put(name, lines[FETCH_NAMES + 1 + at]);
    });
    put(STATE, this.#state());
    const origin = {
      domainName,
      port: port ? +port : scheme === "https" ? 443 : 80,
      protocol: scheme,
      path: "",
      sslProtocols: ["TLSv1.2"],
      readTimeout: READ_SECONDS,
      keepaliveTimeout: KEEP_SECONDS,
      customHeaders: {},
    };
    return { ...viewers, method: lines[METHOD], uri: path, querystring: "", headers, body: undefined, origin: { custom: origin } };
  }

  #state() {
    const { question, log, event, degraded, uses, started, attempt } = this.#asked;
    const [method, url, id, place, ...fields] = question.split("\n");
    const told = fields.filter((field) => TOLD.test(field.slice(0, field.indexOf(","))));
    const host = /^https?:\/\/[^/]*/.exec(url)?.[0] ?? "";
    const text = JSON.stringify({
      question: [method, `${host}/d/`, id, place, ...told].join("\n"),
      log,
      event,
      degraded,
      uses,
      started,
      attempt,
      handedOver: Date.now(),
      expect: this.#lines[EXPECT],
      time: this.#lines[TIME],
    });
    return Buffer.from(text).toString("base64url");
  }
}

// The answer to the viewer, from the bucket's: in CloudFront's form if its body goes on, else `{ asked, response }`.
export async function answered(cf, env, context) {
  const text = cf.request.headers[STATE]?.[0]?.value;
  if (!text) throw new Error("an answer to a question that was not put here");
  const { handedOver, expect, time, ...known } = JSON.parse(Buffer.from(text, "base64url").toString());
  const asked = {
    ...known, // question, log, event, degraded, uses, started, attempt
    questions: 0,
    cache: "",
    key: "",
    originStarted: handedOver,
    originMillis: -1,
    env,
    context,
    left: undefined,
    isCall: false,
    pass: undefined,
  };
  const lines = [];
  lines[EXPECT] = expect;
  lines[TIME] = time;
  const origin = { status: +cf.response.status, headers: headersOf(cf.response.headers), body: bodyOf(cf) };
  const response = await settle(asked, lines, origin);
  // Without a body of its own, an answer to HEAD keeps the length that the bucket has told.
  const isOfHead = cf.request.method === "HEAD" && response.body === null && response.status === origin.status;
  if (response.body !== origin.body && !isOfHead) return { asked, response };
  const kept = Object.entries(cf.response.headers).filter(([name]) => /^(?:content-length|transfer-encoding|via)$/.test(name));
  return {
    status: String(response.status),
    statusDescription: response.statusText,
    headers: { ...Object.fromEntries(kept), ...fieldsOf(response.headers) },
  };
}

function headersOf(fields) {
  const headers = new Headers();
  for (const [name, values] of Object.entries(fields)) for (const { value } of values) headers.append(name, value);
  return headers;
}

// The bucket's body stays with CloudFront. Where the rules want to read of it, as of an error's, it is asked for again.
function bodyOf(cf) {
  const pull = async (controller) => {
    const answer = await askedAgain(cf);
    if (answer.status !== +cf.response.status) throw new Error("another answer than before");
    for await (const chunk of answer.body ?? []) controller.enqueue(chunk);
    controller.close();
  };
  return new ReadableStream({ pull, type: "bytes" }, { highWaterMark: 0 });
}

function askedAgain({ request }) {
  const { domainName, port, protocol } = request.origin.custom;
  const isOwn = port === (protocol === "https" ? 443 : 80);
  const url = `${protocol}://${domainName}${isOwn ? "" : `:${port}`}${request.uri}`;
  const headers = {};
  for (const [name, [{ value }]] of Object.entries(request.headers)) {
    if (/^(?:authorization|x-amz-.*|range|if-.*)$/.test(name)) headers[name] = value;
  }
  return fetch(url, { method: request.method, headers, redirect: "manual" });
}
