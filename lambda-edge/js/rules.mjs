// The rules, configured: what worker/js/rules.mjs is for a Worker. Loaded once the secrets are there.
import { onChange, variables } from "./secrets.mjs";
import { wasm as rules } from "./wasm.mjs";

// Whether the instance has panicked.
export const state = { criticalError: false };
// A fault throws here, with every fault in its message and no secret.
export const settings = rules.configure(variables());

onChange(() => rules.configure(variables()));

// A wasm instance that panicked is not to be trusted: a new one takes its place.
export function replaceInstance() {
  state.criticalError = false;
  rules.__wbg_reset_state();
  rules.configure(variables());
}

export { rules };
