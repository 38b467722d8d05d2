// Builds the web page into the folder that is named: `node web/build.mjs target/web`. Every part is named by what is
// in it, so browsers may keep it for ever; the page itself names its parts.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [, , out] = process.argv;
const here = import.meta.dirname;

// Writes a part; the path that the page names it by.
async function part(name, content) {
  const hash = createHash("sha256").update(content).digest("base64url").slice(0, 10);
  const file = `assets/${name.replace(".", `-${hash}.`)}`;
  await writeFile(join(out, file), content);
  return `/${file}`;
}

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
const style = await part("page.css", await readFile(join(here, "src/style/page.css")));
for (const page of ["index.html", "guest.html"]) {
  const text = await readFile(join(here, page), "utf8");
  await writeFile(join(out, page), text.replace("{style}", style));
}
