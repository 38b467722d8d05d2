// esbuild: `import url from "worker:./name.js"` is the address of a script of its own, bundled, for `new Worker`.
import { build } from "esbuild";
import { relative, resolve } from "node:path";

const here = import.meta.dirname;

export const workers = {
  name: "workers",
  setup(page) {
    page.onResolve({ filter: /^worker:/ }, ({ path, resolveDir }) => ({
      // As seen from here: a path of this machine would have a say in the names that minifying gives.
      path: relative(here, resolve(resolveDir, path.slice("worker:".length))),
      namespace: "worker",
    }));
    page.onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const { outputFiles } = await build({
        entryPoints: [resolve(here, path)],
        bundle: true,
        format: "esm",
        minify: true,
        write: false,
        logLevel: "silent",
        target: page.initialOptions.target,
      });
      // The loader writes it beside the page's other parts, under a name with a hash.
      return { contents: outputFiles[0].contents, loader: "file" };
    });
  },
};
