// The peer: a Lambda@Edge handler that does the same with `jose` and with SigV4 as AWS's documentation writes it down, by
// node:crypto. As a careful developer would: the algorithm is fixed, issuer, audience, end, method and path are checked,
// the day's signing key is kept, the viewer's headers do not reach the bucket, the token key comes from Secrets Manager.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { jwtVerify } from "jose";

const config = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
let key;
const expected = { algorithms: ["HS256"], issuer: config.ISSUER, audience: config.AUDIENCE, requiredClaims: ["exp", "jti"] };
const host = new URL(config.ORIGIN).host;
const READ_ONLY = ["accept-encoding", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "via"];
const REFUSED = { "strict-transport-security": "max-age=63072000", "content-type": "application/problem+json" };

export async function originRequest(event) {
  const { request, config: told } = event.Records[0].cf;
  const token = request.uri.startsWith("/d/") ? request.uri.slice(3) : "";
  key ??= new TextEncoder().encode(await tokenSecret());
  let claims;
  try {
    claims = (await jwtVerify(token, key, expected)).payload;
  } catch {
    return refused(401, told.requestId);
  }
  if (!claims.methods?.includes(request.method) || !canonical(claims.path)) return refused(403, told.requestId);
  const uri = `/${config.OBJECT_PREFIX}${claims.path}`;
  const headers = { host: [{ key: "Host", value: host }] };
  for (const name of READ_ONLY) if (request.headers[name]) headers[name] = request.headers[name];
  if (request.headers.range) headers.range = request.headers.range;
  for (const [name, value] of Object.entries(signed(request.method, uri, new Date()))) headers[name] = [{ key: name, value }];
  const origin = { domainName: host, port: 443, protocol: "https", path: "", sslProtocols: ["TLSv1.2"], readTimeout: 20, keepaliveTimeout: 30, customHeaders: {} };
  console.log(JSON.stringify({ request_id: told.requestId, method: request.method, code: "ok" }));
  return { ...request, uri, querystring: "", headers, origin: { custom: origin } };
}

function refused(status, id) {
  const headers = Object.fromEntries(Object.entries(REFUSED).map(([name, value]) => [name, [{ key: name, value }]]));
  return { status: String(status), headers, body: JSON.stringify({ status, request_id: id }) };
}

const canonical = (path) => /^[A-Za-z0-9_\-./]+$/.test(path) && !path.split("/").some((part) => part === "" || part === "." || part === "..");

const hmac = (secret, text) => createHmac("sha256", secret).update(text).digest();
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

async function tokenSecret() {
  const [host, target, body] = [`secretsmanager.${config.REGION}.amazonaws.com`, "secretsmanager.GetSecretValue", JSON.stringify({ SecretId: config.SECRETS_ID })];
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/${config.REGION}/secretsmanager/aws4_request`;
  const names = "content-type;host;x-amz-date;x-amz-target";
  const request = `POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:${host}\nx-amz-date:${date}\nx-amz-target:${target}\n\n${names}\n${sha256(body)}`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(request)}`;
  const signing = scope.split("/").reduce(hmac, `AWS4${process.env.AWS_SECRET_ACCESS_KEY}`);
  const signature = createHmac("sha256", signing).update(text).digest("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${process.env.AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-date": date, "x-amz-target": target, authorization };
  const answer = await fetch(`https://${host}/`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`the secret cannot be had: ${answer.status}`);
  return JSON.parse((await answer.json()).SecretString).TOKEN_SECRET;
}

let kept = { day: "", key: undefined };

function signed(method, path, now) {
  const date = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const day = date.slice(0, 8);
  const scope = `${day}/${config.REGION}/s3/aws4_request`;
  if (kept.day !== day) kept = { day, key: scope.split("/").reduce(hmac, `AWS4${process.env.AWS_SECRET_ACCESS_KEY}`) };
  const names = "host;x-amz-content-sha256;x-amz-date";
  const request = `${method}\n${path}\n\nhost:${host}\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:${date}\n\n${names}\nUNSIGNED-PAYLOAD`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(request)}`;
  const signature = createHmac("sha256", kept.key).update(text).digest("hex");
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${process.env.AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": date,
  };
}
