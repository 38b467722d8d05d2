// Puts so many claims of one link at the same moment, through instances of the functions of a running development stack's
// own package, against its own bucket. Prints the statuses.
import { readFileSync } from "node:fs";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { fileURLToPath, pathToFileURL } from "node:url";

const INSTANCES = 5;

async function main() {
  const { folder, identity, host, target, claims } = JSON.parse(readFileSync(0, "utf8"));
  const env = { AWS_ACCESS_KEY_ID: identity.access_key_id, AWS_SECRET_ACCESS_KEY: identity.secret_access_key };
  const threads = Array.from({ length: INSTANCES }, (_, at) => {
    const data = { folder, host, target, claims: claims / INSTANCES, first: at * (claims / INSTANCES) };
    return new Worker(fileURLToPath(import.meta.url), { workerData: data, env, stdout: true });
  });
  const next = (thread) => new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
  // All are loaded before the first one claims.
  await Promise.all(threads.map(next));
  const told = threads.map(next);
  for (const thread of threads) thread.postMessage("go");
  process.stdout.write(JSON.stringify((await Promise.all(told)).flat()));
  process.exit(0);
}

async function instance() {
  const { folder, host, target, claims, first } = workerData;
  const { originRequest } = await import(pathToFileURL(`${folder}/index.mjs`).href);
  const event = (method, uri, address) => ({
    Records: [
      {
        cf: {
          config: { requestId: `claim-${address}`, eventType: "origin-request" },
          request: { clientIp: address, method, uri, querystring: "", headers: { host: [{ key: "Host", value: host }] } },
        },
      },
    ],
  });
  // Secrets and revocation list are there when it begins.
  await originRequest(event("GET", "/healthz", "192.0.2.1"));
  parentPort.postMessage("ready");
  await new Promise((resolve) => parentPort.once("message", resolve));
  const address = (n) => `10.${(first + n) >> 16}.${((first + n) >> 8) & 255}.${(first + n) & 255}`;
  const answers = await Promise.all(Array.from({ length: claims }, (_, n) => originRequest(event("POST", target, address(n)))));
  parentPort.postMessage(answers.map(({ status }) => +status));
}

await (isMainThread ? main() : instance());
