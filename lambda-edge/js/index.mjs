// What CloudFront calls. The rest is loaded once the instance's secrets are there, and asked for again where they are not.
import { generated, idOf } from "./event.mjs";
import { secretsAreThere } from "./secrets.mjs";
import { wasm } from "./wasm.mjs";

// In front of the cache, where no CloudFront Function stands: refuses what is to be refused, lets the rest go on.
export const viewerRequest = (event) => perform(event, "viewerRequest");
// On the way to the bucket: decides, answers by itself, or signs the request for an object.
export const originRequest = (event) => perform(event, "originRequest");
// On the way back: what the bucket has answered becomes our answer.
export const originResponse = (event) => perform(event, "originResponse");

async function perform(event, name) {
  const { cf } = event.Records[0];
  try {
    await secretsAreThere();
  } catch (error) {
    console.error(JSON.stringify({ code: "secrets", reason: `the secrets cannot be had: ${error?.message ?? error}`, alarm: true }));
    return generated(await unready(idOf(cf)));
  }
  const functions = await import("./functions.mjs");
  return functions[name](cf);
}

// The fixed headers come with the rules' answer; here are no others yet.
async function unready(id) {
  const lines = wasm.unready(new TextEncoder().encode(id)).split("\n");
  const { plain } = await import("./plain.mjs");
  return plain(lines);
}
