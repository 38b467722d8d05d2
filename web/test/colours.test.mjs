// The page and the page of a link look alike: the colours that both have are the same, in the light and in the dark.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const read = (path) => readFileSync(join(import.meta.dirname, path), "utf8");

/** Every `--name: value` of the light ground, and of the dark one. */
function colours(style) {
  const [light, dark] = [...style.replace(/\\\n/g, "").matchAll(/:root\s*\{([^}]*)\}/g)].map(([, block]) => (
    Object.fromEntries([...block.matchAll(/--([a-z-]+):\s*(#[0-9a-f]+)/g)].map(([, name, value]) => [name, value]))
  ));
  return { light, dark };
}

test("the colours are those of the page of a link", () => {
  const link = colours(read("../../core/src/landing/style.rs"));
  const page = colours(read("../src/style/page.css"));
  for (const ground of ["light", "dark"]) {
    assert.ok(Object.keys(link[ground]).length >= 8);
    for (const [name, value] of Object.entries(link[ground])) assert.equal(page[ground][name], value, `--${name}, ${ground}`);
  }
});
