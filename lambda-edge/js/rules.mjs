// The rules, configured: what worker/js/rules.mjs is for a Worker. Loaded once the secrets are there.
import { configureAgain, configured } from "./secrets.mjs";
import { wasm as rules } from "./wasm.mjs";

// Whether the instance has panicked.
export const state = { criticalError: false };
export const settings = configured();

// A wasm instance that panicked is not to be trusted: a new one takes its place.
export function replaceInstance() {
  state.criticalError = false;
  rules.__wbg_reset_state();
  configureAgain();
}

export { rules };
