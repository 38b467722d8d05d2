// The languages say the same things.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TEXTS } from "../src/texts/index.js";

/** Every text with its path; of those that take something, with a list that passes for a number. */
function* told(texts, path = "") {
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text === "object") yield* told(text, `${path}${name}.`);
    else yield [`${path}${name}`, typeof text === "function" ? text(...Array.from({ length: text.length }, (_, at) => [`${at + 2}`])) : text];
  }
}
const paths = (texts) => [...told(texts)].map(([path]) => path).sort();

test("each text stands in every language", () => {
  for (const [lang, texts] of Object.entries(TEXTS)) assert.deepEqual(paths(texts), paths(TEXTS.en), lang);
});

test("each text says something", () => {
  for (const texts of Object.values(TEXTS)) {
    for (const [path, text] of told(texts)) assert.ok(typeof text === "string" && text.trim() && !/undefined|NaN|\[object/.test(text), `${path}: ${text}`);
  }
});

test("no language has the words of another, but for those that are both's", () => {
  const english = new Map(told(TEXTS.en));
  const same = [...told(TEXTS.de)].filter(([path, text]) => text === english.get(path) && /[a-z]{5,} .*[a-z]{3,}/.test(text));
  assert.deepEqual(same, []);
});
