// The rules: the one wasm instance of this isolate, configured with the Worker's variables. Requests and the
// objects of counter.mjs use the same one.
import { env } from "cloudflare:workers";
import * as rules from "./clouddrop.js";
import module from "./clouddrop_bg.wasm";

// Bindings are objects. A variable that was written as a number is handed on, for the rules to refuse it by name.
const variables = JSON.stringify(
  Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === "string" || typeof value === "number")),
);

rules.initSync({ module });
// Whether the instance has panicked.
export const state = { criticalError: false };
// A fault throws here, with every fault in its message: the Worker does not start.
export const settings = rules.configure(variables);

// A wasm instance that panicked is not to be trusted: a new one takes its place.
export function replaceInstance() {
  state.criticalError = false;
  rules.__wbg_reset_state();
  rules.configure(variables);
}

export { rules };
