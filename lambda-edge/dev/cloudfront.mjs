// CloudFront on this machine, for the development stack and for tests: a stand-in, since the real one cannot be had here.
// It hands events to the functions of a real package, each in instances of its own that take one event at a time, as
// Lambda does, and enforces what CloudFront's documentation says of them: sizes, times, headers that may not be set or
// changed. What it does not do: cache, compress, collapse or retry requests, WAF.
//
//   node cloudfront.mjs CONFIG.json      { package, ports, instances?, viewer?, country?, address? }
//
// Its file descriptor 3 tells its process id and when it listens, as workerd's does. A function that breaks a rule is an
// error in the log, and 502 for the viewer.
import { createServer, request as ask } from "node:http";
import { request as askSecurely } from "node:https";
import { readFileSync, writeSync } from "node:fs";
import { Instances } from "./instances.mjs";
import { checkAnswer, checkRequest, fieldsOf, listOf } from "./limits.mjs";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const MOST_BODY_BYTES = 1_048_576;
const MOST_URL_BYTES = 8_192;
const tell = (news) => writeSync(3, `${JSON.stringify(news)}\n`);
const instances = new Instances(config.package, config.instances ?? 4);

let count = 0;
tell({ event: "pid", pid: process.pid });
for (const port of config.ports) {
  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    serve(incoming, outgoing).catch((error) => {
      console.error(JSON.stringify({ cloudfront: "failed", reason: String(error?.stack ?? error) }));
      refuse(outgoing, 502);
    });
  });
  server.listen(port, "127.0.0.1", () => tell({ event: "listen", port }));
}

async function serve(incoming, outgoing) {
  if (incoming.url.length > MOST_URL_BYTES) return refuse(outgoing, 414);
  // CloudFront developer guide, "Request and response behavior for custom origins".
  if (/^(?:GET|HEAD)$/.test(incoming.method) && (+incoming.headers["content-length"] > 0 || incoming.headers["transfer-encoding"])) return refuse(outgoing, 403);
  const id = `local-${process.pid}-${count++}`;
  const viewers = viewersRequest(incoming);
  let request = viewers;
  if (config.viewer) {
    const answer = await call("viewerRequest", "viewer-request", id, viewers);
    if (answer.status) return send(outgoing, answer, incoming.method);
    request = checkRequest("viewer-request", viewers, answer);
  }
  request = { ...request, body: await bodyOf(incoming), headers: withCloudFronts(request.headers) };
  const answer = await call("originRequest", "origin-request", id, request);
  if (answer.status) return send(outgoing, answer, incoming.method);
  return fromOrigin(outgoing, id, checkRequest("origin-request", request, answer), incoming.method);
}

async function call(name, type, id, request, response) {
  const cf = { config: { distributionDomainName: "local", distributionId: "LOCAL", eventType: type, requestId: id }, request, response };
  const answer = await instances.call(name, { Records: [{ cf }] });
  return answer.status ? checkAnswer(type, answer) : answer;
}

// Sends what a function has made.
function send(outgoing, answer, method) {
  const body = answer.body === undefined ? Buffer.alloc(0) : Buffer.from(answer.body, answer.bodyEncoding === "base64" ? "base64" : "utf8");
  const length = method === "HEAD" || answer.status === "304" ? {} : { "content-length": body.length };
  outgoing.writeHead(+answer.status, { ...fieldsOf(answer.headers), ...length });
  outgoing.end(method === "HEAD" ? undefined : body);
}

// Asks the origin as the function has said, and lets the body go on as it comes.
function fromOrigin(outgoing, id, request, method) {
  const { custom } = request.origin;
  const put = custom.protocol === "https" ? askSecurely : ask;
  return new Promise((resolve, reject) => {
    const question = put({
      host: custom.domainName,
      port: custom.port,
      path: custom.path + request.uri + (request.querystring ? `?${request.querystring}` : ""),
      method: request.method,
      headers: fieldsOf(request.headers),
      timeout: custom.readTimeout * 1000,
    });
    question.on("timeout", () => question.destroy(new Error("timeout")));
    question.on("error", (error) => {
      // CloudFront's own answer: no function is asked.
      if (!outgoing.headersSent) refuse(outgoing, error.message === "timeout" ? 504 : 502);
      resolve();
    });
    question.on("response", (origin) => {
      origin.pause();
      const response = { status: String(origin.statusCode), statusDescription: origin.statusMessage, headers: listOf(origin.rawHeaders) };
      call("originResponse", "origin-response", id, request, response).then((answer) => {
        if (answer.body !== undefined || origin.statusCode === 304) {
          origin.destroy();
          send(outgoing, answer, method);
          return resolve();
        }
        outgoing.writeHead(+answer.status, fieldsOf(answer.headers));
        // A body that breaks is seen to break.
        origin.on("aborted", () => outgoing.destroy());
        origin.on("error", () => outgoing.destroy());
        outgoing.on("close", () => origin.destroy());
        origin.pipe(outgoing);
        origin.on("end", resolve);
        outgoing.on("close", resolve);
      }, reject);
    });
    outgoing.on("close", () => question.destroy());
    question.end();
  });
}

function viewersRequest(incoming) {
  const at = incoming.url.indexOf("?");
  return {
    clientIp: config.address ?? "127.0.0.1",
    method: incoming.method,
    uri: at < 0 ? incoming.url : incoming.url.slice(0, at),
    querystring: at < 0 ? "" : incoming.url.slice(at + 1),
    // Of a viewer's own imitations CloudFront lets none through.
    headers: Object.fromEntries(Object.entries(listOf(incoming.rawHeaders)).filter(([name]) => !/^(?:cloudfront-|x-amz-cf-)/.test(name))),
  };
}

// What CloudFront adds for the functions behind the cache, by the origin request policy AllViewerAndCloudFrontHeaders.
function withCloudFronts(headers) {
  const added = { via: "1.1 local.cloudfront.net (CloudFront)" };
  added["cloudfront-forwarded-proto"] = "http";
  if (config.country) added["cloudfront-viewer-country"] = config.country;
  const lists = Object.entries(added).map(([name, value]) => [name, [{ key: name, value }]]);
  return { ...headers, ...Object.fromEntries(lists) };
}

async function bodyOf(incoming) {
  const chunks = [];
  let length = 0;
  for await (const chunk of incoming) {
    chunks.push(chunk);
    length += chunk.length;
  }
  if (length === 0) return undefined;
  const data = Buffer.concat(chunks).subarray(0, MOST_BODY_BYTES);
  return { inputTruncated: length > MOST_BODY_BYTES, action: "read-only", encoding: "base64", data: data.toString("base64") };
}

function refuse(outgoing, status) {
  if (outgoing.headersSent) return outgoing.destroy();
  outgoing.writeHead(status, { "content-type": "text/html", server: "CloudFront", "x-cache": "Error from cloudfront" });
  outgoing.end();
}
