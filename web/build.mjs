// Builds the web page into the folder that is named: `node web/build.mjs target/web`. Every part is named by what is
// in it, so browsers may keep it for ever; the page itself names its parts, with the hash that they must have.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { workers } from "./worker-plugin.mjs";

const [, , out] = process.argv;
const here = import.meta.dirname;
/** The pages, each with the script that it begins with. */
const PAGES = { index: "src/app/main.jsx", guest: "src/guest/main.jsx" };

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
const { metafile } = await build({
  entryPoints: Object.entries(PAGES).map(([name, entry]) => ({ in: join(here, entry), out: name })),
  bundle: true,
  // What is wanted by some only, or by both pages, is a part of its own.
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2023",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "file" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  publicPath: "/assets/",
  plugins: [workers],
  metafile: true,
  logLevel: "warning",
});
const icon = await part("icon.svg");
for (const [name, entry] of Object.entries(PAGES)) {
  const parts = [`<link rel="icon" href="${icon}" type="image/svg+xml">`, ...await tags(join(here, entry))].join("\n");
  const text = await readFile(join(here, `${name}.html`), "utf8");
  await writeFile(join(out, `${name}.html`), text.replace("{parts}", () => parts));
}

// The tags that load a page's style and script, and at once what the script cannot begin without.
async function tags(entry) {
  const outputs = Object.entries(metafile.outputs);
  const [script, { cssBundle }] = outputs.find(([, output]) => output.entryPoint && resolve(output.entryPoint) === entry);
  const needed = new Set();
  const collect = (file) => {
    for (const { path, kind } of metafile.outputs[file].imports) {
      if (kind !== "import-statement" || needed.has(path)) continue;
      needed.add(path);
      collect(path);
    }
  };
  collect(script);
  return Promise.all([
    cssBundle && tag(cssBundle, (at) => `<link rel="stylesheet" href=${at}>`),
    ...[...needed].map((file) => tag(file, (at) => `<link rel="modulepreload" href=${at}>`)),
    tag(script, (at) => `<script type="module" src=${at}></script>`),
  ].filter(Boolean));
}

// A tag with its Subresource Integrity (section 3.1).
async function tag(file, write) {
  const hash = createHash("sha256").update(await readFile(file)).digest("base64");
  return write(`"/assets/${basename(file)}" integrity="sha256-${hash}"`);
}

// A file of `web/` that is served as it is.
async function part(name) {
  const content = await readFile(join(here, name));
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8);
  const file = join(out, "assets", name.replace(".", `-${hash}.`));
  await writeFile(file, content);
  return `/${relative(out, file)}`;
}
