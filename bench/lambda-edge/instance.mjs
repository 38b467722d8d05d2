// One process of the benchmark. What a handler asks of the network is answered at once: its secret, and an empty
// revocation list, which the peer does not ask for.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, events] = process.argv;
const tokens = readFileSync(`${folder}/tokens`, "utf8").split("\n");

// The empty list: docs/wire-format.md, "The revocation list".
const list = Buffer.alloc(32);
list.write("CDREVOK\x01", "latin1");
list.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)), 8);
const secret = JSON.stringify({ SecretString: readFileSync(`${folder}/secret.json`, "utf8") });
globalThis.fetch = async (url) => (String(url).includes("secretsmanager") ? new Response(secret) : new Response(list, { headers: { etag: '"list"' } }));
console.log = () => {};
const event = (token) => ({
  Records: [
    {
      cf: {
        config: { distributionId: "EXAMPLE", eventType: "origin-request", requestId: "4TyzHTaYWb1GX1qTfsHhEqV6HUDd" },
        request: {
          clientIp: "203.0.113.178",
          method: "GET",
          uri: `/d/${token}`,
          querystring: "",
          headers: {
            host: [{ key: "Host", value: "files.example.net" }],
            accept: [{ key: "Accept", value: "*/*" }],
            "user-agent": [{ key: "User-Agent", value: "curl/8.5.0" }],
            "accept-encoding": [{ key: "Accept-Encoding", value: "gzip" }],
            range: [{ key: "Range", value: "bytes=0-1048575" }],
            via: [{ key: "Via", value: "2.0 example.cloudfront.net (CloudFront)" }],
          },
        },
      },
    },
  ],
});

const before = performance.now();
const { originRequest } = await import(pathToFileURL(`${folder}/index.mjs`).href);
const answer = await originRequest(event(tokens[0]));
const first = performance.now() - before;
if (!answer.origin || !answer.headers.authorization) throw new Error(`no signed request, but ${JSON.stringify(answer).slice(0, 300)}`);
let each = 0;
if (+events > 1) {
  // Warm, and out of the instance's own limits: a new address for each.
  const put = async (n) => {
    const next = event(tokens[n % tokens.length]);
    next.Records[0].cf.request.clientIp = `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    const answer = await originRequest(next);
    if (!answer.origin) throw new Error(`answered ${answer.status}`);
  };
  for (let n = 0; n < 2_000; n++) await put(n);
  const begun = performance.now();
  for (let n = 0; n < +events; n++) await put(n + 2_000);
  each = ((performance.now() - begun) * 1_000) / +events;
}
process.send({ first, each }, () => process.exit(0));
