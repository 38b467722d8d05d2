// What CloudFront lets a function do (CloudFront developer guide, "Restrictions on Lambda@Edge" and "Restrictions on edge
// functions"). Whatever is against it is an error of the function: CloudFront answers 502.
const NEVER = /^(?:connection|expect|keep-alive|proxy-authenticate|proxy-authorization|proxy-connection|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-(?:auth|cf-billing|cf-id|cf-xff|errortype|fle-profile|header-count|header-order|lambda-integration-tag|requestid)|x-cache.*|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
const READ_ONLY = {
  "viewer-request": /^(?:content-length|host|transfer-encoding|via)$/,
  "origin-request": /^(?:accept-encoding|content-length|if-modified-since|if-none-match|if-range|if-unmodified-since|transfer-encoding|via)$/,
  "origin-response": /^(?:transfer-encoding|via)$/,
};
const MOST_HEADER_BYTES = 20_480;
const MOST_ANSWER_BYTES = { "viewer-request": 40_960, "origin-request": 1_048_576, "origin-response": 1_048_576 };

// A request that a function lets go on.
export function checkRequest(type, before, after) {
  if (!after?.headers || typeof after.uri !== "string") broken(type, "neither a request nor an answer");
  if (!after.uri.startsWith("/")) broken(type, "a URI without its slash");
  checkHeaders(type, after.headers);
  for (const name of new Set([...Object.keys(before.headers), ...Object.keys(after.headers)])) {
    const isSame = JSON.stringify(before.headers[name]) === JSON.stringify(after.headers[name]);
    if (READ_ONLY[type].test(name) && !isSame) broken(type, `${name} is read-only`);
  }
  if (after.method !== before.method) broken(type, "the method is read-only");
  if (type === "origin-request") checkOrigin(type, after);
  return after;
}

function checkOrigin(type, { headers, origin }) {
  const { custom } = origin ?? {};
  if (!custom?.domainName || !custom.port) broken(type, "an origin without a name or a port");
  for (const name of ["path", "protocol", "sslProtocols", "readTimeout", "keepaliveTimeout", "customHeaders"]) {
    if (custom[name] === undefined) broken(type, `an origin without ${name}`);
  }
  if (custom.readTimeout < 1 || custom.readTimeout > 60) broken(type, "readTimeout is from 1 to 60 seconds");
  const host = headers.host?.[0]?.value ?? "";
  if (host.split(":")[0] !== custom.domainName) broken(type, "Host is not the origin's");
}

// An answer that a function has made, or let through.
export function checkAnswer(type, answer) {
  if (!/^[2-5]\d\d$/.test(answer.status)) broken(type, `the status ${answer.status}`);
  checkHeaders(type, answer.headers ?? {});
  const made = type !== "origin-response" || answer.body !== undefined;
  if (made && answer.headers?.["content-length"]) broken(type, "content-length is not a function's to set");
  if (JSON.stringify(answer).length > MOST_ANSWER_BYTES[type]) broken(type, "an answer that is too long");
  return answer;
}

function checkHeaders(type, headers) {
  let bytes = 0;
  for (const [name, values] of Object.entries(headers)) {
    if (name !== name.toLowerCase()) broken(type, `${name} is not in lower case`);
    if (NEVER.test(name)) broken(type, `${name} is not a function's to set`);
    for (const { key, value } of values) {
      if ((key ?? name).toLowerCase() !== name || typeof value !== "string") broken(type, `${name} is malformed`);
      bytes += name.length + Buffer.byteLength(value);
    }
  }
  if (bytes > MOST_HEADER_BYTES) broken(type, `${bytes} bytes of headers`);
}

function broken(type, why) {
  throw new Error(`CloudFront would answer 502: ${type}: ${why}`);
}

// Node's raw headers as CloudFront's lists.
export function listOf(raw) {
  const list = {};
  for (let at = 0; at < raw.length; at += 2) (list[raw[at].toLowerCase()] ??= []).push({ key: raw[at], value: raw[at + 1] });
  for (const name of ["connection", "keep-alive"]) delete list[name];
  return list;
}

// CloudFront's lists as Node's headers.
export function fieldsOf(list) {
  const fields = {};
  for (const [name, values] of Object.entries(list ?? {})) fields[name] = values.map(({ value }) => value);
  for (const [name, values] of Object.entries(fields)) if (values.length === 1) fields[name] = values[0];
  return fields;
}
