// The one wasm instance of this function's instance, not configured yet.
import { readFileSync } from "node:fs";
import * as wasm from "./clouddrop.js";

wasm.initSync({ module: new WebAssembly.Module(readFileSync(new URL("./clouddrop_bg.wasm", import.meta.url))) });

export { wasm };
