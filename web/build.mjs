// Builds the web page into the folder that is named: `node web/build.mjs target/web`. Every part is named by what is
// in it, so browsers may keep it for ever; the page itself names its parts, with the hash that they must have.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { workers } from "./worker-plugin.mjs";

const [, , out] = process.argv;
const here = import.meta.dirname;
/** The pages, each with the script that it begins with. */
const PAGES = { "index.html": "src/app/main.jsx", "guest.html": "src/guest/main.jsx" };

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
for (const [page, entry] of Object.entries(PAGES)) {
  const tags = existsSync(join(here, entry)) ? await parts(page.replace(".html", ""), join(here, entry)) : "";
  const text = await readFile(join(here, page), "utf8");
  await writeFile(join(out, page), text.replace("{parts}", tags));
}

// Bundles a page's script and style; the tags that load them.
async function parts(name, entry) {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "preact",
    outdir: join(out, "assets"),
    entryNames: `${name}-[hash]`,
    assetNames: "[name]-[hash]",
    publicPath: "/assets/",
    plugins: [workers],
    metafile: true,
    logLevel: "warning",
  });
  const files = Object.keys(metafile.outputs);
  const script = files.find((file) => metafile.outputs[file].entryPoint);
  const style = files.find((file) => file.endsWith(".css"));
  return [
    style && `<link rel="stylesheet" href="/assets/${basename(style)}" integrity="${await integrity(style)}">`,
    `<script type="module" src="/assets/${basename(script)}" integrity="${await integrity(script)}"></script>`,
  ].filter(Boolean).join("\n");
}

// Subresource Integrity, section 3.1.
async function integrity(file) {
  return `sha256-${createHash("sha256").update(await readFile(file)).digest("base64")}`;
}
