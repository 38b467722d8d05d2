// Bundles the functions' JavaScript: `node lambda-edge/build.mjs MODULE OUT`, where MODULE is the folder with the glue that
// wasm-bindgen has made. What the functions share with the Worker is taken from worker/js; the modules there that stand
// for Cloudflare's platform have a namesake here.
import { build } from "esbuild";
import { basename, join, resolve } from "node:path";

const [, , module, out] = process.argv;
const here = resolve(import.meta.dirname, "js");
const workers = resolve(import.meta.dirname, "../worker/js");
const PLATFORM = new Set(["rules.mjs", "counter.mjs"]);

const platform = {
  name: "platform",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/clouddrop\.js$/ }, () => ({ path: resolve(module, "clouddrop.js") }));
    onResolve({ filter: /^\.\// }, ({ path, resolveDir }) =>
      resolveDir === workers && PLATFORM.has(basename(path)) ? { path: join(here, basename(path)) } : undefined,
    );
  },
};

await build({
  entryPoints: [join(here, "index.mjs")],
  outfile: join(out, "index.mjs"),
  bundle: true,
  minify: true,
  format: "esm",
  platform: "node",
  target: "node22",
  legalComments: "none",
  logLevel: "warning",
  plugins: [platform],
});
