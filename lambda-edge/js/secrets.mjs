// The token keys: from Secrets Manager, at the first request and then every five minutes, so that a rotation needs no
// deployment. Those that are held go on while newer ones cannot be had.
import { readFileSync } from "node:fs";
import { requestOf } from "./request.mjs";
import { wasm } from "./wasm.mjs";

const FRESH_MILLIS = 300_000;
// After a failure they are asked for again at the soonest.
const PAUSE_MILLIS = 5_000;
const PATIENCE_MILLIS = 2_500;

// What was baked in: the Worker's variables, and where the secrets are.
const { SECRETS_ID, SECRETS_REGION, SECRETS_ENDPOINT = "", ...baked } = JSON.parse(
  readFileSync(new URL("./config.json", import.meta.url), "utf8"),
);

const identity = Object.freeze({
  AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY,
  ...(process.env.AWS_SESSION_TOKEN ? { AWS_SESSION_TOKEN: process.env.AWS_SESSION_TOKEN } : {}),
});

// What the rules are configured with, as one JSON text, and what they have told of it.
let held;
let settings;
let fetchedAt = 0;
let failedAt = 0;

// What `configure` of the rules has told.
export const configured = () => settings;

// Configures a new wasm instance as the last one was.
export function configureAgain() {
  wasm.configure(held);
}

// Rejects while the rules have no configuration: the secrets cannot be had, or are none.
export async function secretsAreThere() {
  const now = Date.now();
  if (held !== undefined && now - fetchedAt < FRESH_MILLIS) return;
  if (now - failedAt < PAUSE_MILLIS) {
    if (held === undefined) throw new Error("they could not be had a moment ago");
    return;
  }
  try {
    const secrets = SECRETS_ID ? await fetched() : {};
    // A body that CloudFront sends is none that an instance could keep.
    const text = JSON.stringify({ ...baked, CACHE_BYTES: "0", ...identity, ...secrets });
    // A fault throws, with every fault in its message and no value; the last configuration stays.
    if (text !== held) settings = wasm.configure(text);
    held = text;
    fetchedAt = Date.now();
  } catch (error) {
    failedAt = Date.now();
    if (held === undefined) throw error;
    console.error(JSON.stringify({ code: "secrets", reason: `newer secrets cannot be had: ${error?.message ?? error}`, alarm: true }));
  }
}

async function fetched() {
  const who = Object.values(identity).join("\n");
  const text = wasm.secrets_request(SECRETS_ID, SECRETS_REGION, SECRETS_ENDPOINT, who, Date.now());
  const { url, headers, rest } = requestOf(text);
  const signal = AbortSignal.timeout(PATIENCE_MILLIS);
  const answer = await fetch(url, { method: "POST", headers, body: rest, redirect: "manual", signal });
  // An answer's text may quote what it was asked: only its status is told.
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  const { SecretString } = await answer.json();
  let secrets;
  try {
    secrets = JSON.parse(SecretString);
  } catch {
    throw new Error("the secret is no JSON");
  }
  if (typeof secrets?.TOKEN_KEYS !== "string") throw new Error("the secret has no text TOKEN_KEYS");
  return { TOKEN_KEYS: secrets.TOKEN_KEYS };
}
