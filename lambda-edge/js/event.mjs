// CloudFront's events (CloudFront developer guide, "Lambda@Edge event structure") as requests that the rules read, and
// Responses as CloudFront takes them.

// Header fields that are CloudFront's own word, or a viewer's imitation of ours.
const NOT_THE_VIEWERS = /^(?:x-clouddrop-.*|x-amz-cf-id|via)$/;
// What a function may not set in an answer, or CloudFront sets by itself.
const NOT_OURS_TO_SET = /^(?:connection|content-length|date|expect|keep-alive|proxy-.*|trailer|transfer-encoding|upgrade|via|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache.*|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
// Types whose bytes are text: CloudFront takes those as they are, others in base64.
const IS_TEXT = /^(?:text\/|application\/(?:problem\+)?json|application\/javascript|image\/svg\+xml)/;

// The name that CloudFront gives a request.
export const idOf = (cf) => cf.config?.requestId ?? "";

// A viewer's request, as worker/js/handle.mjs takes one. The target stays as CloudFront tells it.
export function viewersRequest(cf) {
  const { request } = cf;
  const field = (name) => request.headers[name]?.[0]?.value;
  const headers = [];
  for (const [name, values] of Object.entries(request.headers)) {
    if (NOT_THE_VIEWERS.test(name)) continue;
    for (const { value } of values) headers.push([name, value]);
  }
  headers.push(["x-clouddrop-address", request.clientIp], ["x-clouddrop-id", idOf(cf)]);
  return {
    method: request.method,
    url: `${field("cloudfront-forwarded-proto") ?? "https"}://${field("host") ?? ""}${request.uri}${request.querystring ? `?${request.querystring}` : ""}`,
    headers,
    body: bodyOf(request.body),
    cf: {
      country: field("cloudfront-viewer-country"),
      regionCode: field("cloudfront-viewer-country-region"),
      asn: field("cloudfront-viewer-asn"),
    },
  };
}

// The body in chunks. One that CloudFront has cut off goes on for as long as it is read: it is too long for every call.
function bodyOf(body) {
  if (!body?.data && !body?.inputTruncated) return null;
  return (function* () {
    yield new Uint8Array(Buffer.from(body.data, body.encoding === "base64" ? "base64" : "utf8"));
    while (body.inputTruncated) yield new Uint8Array(65_536);
  })();
}

// The fields of an answer as CloudFront has them.
export function fieldsOf(headers) {
  const fields = {};
  for (const [name, value] of headers) {
    if (!NOT_OURS_TO_SET.test(name)) fields[name] = [{ key: name, value }];
  }
  return fields;
}

// An answer that a function makes itself. Of a body only so many bytes are read as `most` says; resolves to undefined
// where there are more.
export async function generated(response, most = Infinity) {
  const answer = { status: String(response.status), headers: fieldsOf(response.headers) };
  if (!response.body) return answer;
  const chunks = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  const told = response.headers.get("content-length");
  if (told !== null && +told !== length) throw new Error("a body that is not of the length that was told");
  const body = Buffer.concat(chunks);
  const isText = IS_TEXT.test(response.headers.get("content-type") ?? "");
  return { ...answer, bodyEncoding: isText ? "text" : "base64", body: body.toString(isText ? "utf8" : "base64") };
}
