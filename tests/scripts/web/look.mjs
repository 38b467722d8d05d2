// How a page looks and whether everybody can use it: axe, the width of a phone, and a screenshot beside the one that was
// looked at by people. With BLESS=1 what is seen becomes the reference.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(`${process.argv[2]}/`);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const REFERENCES = join(import.meta.dirname, "../../screens");
/** How wide a line is in the font of the machine that made the references: with another font nothing is comparable. */
const FONT = join(REFERENCES, "font.json");
const LINE = "The quick brown fox, 0123456789: Größe";
/** The share of pixels that may differ, and by how much of 255: fonts are not drawn alike everywhere. */
const DIFFERENT = 0.02;
const CHANNEL = 48;

/** What axe finds at WCAG 2.2 AA and its best practices, from "serious" on. */
export async function assertAccessible(page, about) {
  // Not as a script of the page: its policy lets none in.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    expression: "axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`) }))))",
    awaitPromise: true,
  });
  await session.detach();
  assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
  const found = JSON.parse(result.value).filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(found, [], `${about}: ${JSON.stringify(found, null, 1)}`);
}

/** Nothing stands over the edge. */
export async function assertFits(page, about) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${about}: ${over} pixels too wide`);
}

/** As the reference, but for what is different each time: times, links, and what they are drawn as. */
export async function assertLooks(page, name) {
  await page.evaluate(() => document.fonts.ready);
  const values = await page.evaluate(still);
  const png = await page.screenshot({ animations: "disabled", caret: "hide", mask: [page.locator("svg.qr")], maskColor: "#808080" });
  await page.evaluate((all) => document.querySelectorAll(".copy input").forEach((field, at) => { field.value = all[at]; }), values);
  const path = join(REFERENCES, `${name}.png`);
  if (process.env.BLESS) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, png);
    writeFileSync(FONT, `${JSON.stringify({ line: LINE, width: await widthOf(page) })}\n`);
    return;
  }
  if (Math.abs(JSON.parse(readFileSync(FONT, "utf8")).width - await widthOf(page)) > 0.5) {
    console.error(`${name}: not compared: this machine's font is another one than that of the references`);
    return;
  }
  assert.ok(existsSync(path), `${path} is missing: make it with BLESS=1, and look at it`);
  const difference = await differing(page, readFileSync(path), png);
  if (difference > DIFFERENT) {
    const seen = `/tmp/clouddrop-${name}.png`;
    writeFileSync(seen, png);
    assert.fail(`${name}: ${(difference * 100).toFixed(1)} % of it look different: compare ${seen} with ${path}; with BLESS=1 it becomes the reference`);
  }
}

/** In the page: every time becomes one and the same, as does every link. The links that were there. */
function still() {
  const dates = [/[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d{2}\s[AP]M/g, /\d{2}\.\d{2}\.\d{4}, \d{2}:\d{2}/g];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const [english, german] = dates;
    node.data = node.data.replace(english, "Jan 2, 2030, 12:34 PM").replace(german, "02.01.2030, 12:34");
  }
  return [...document.querySelectorAll(".copy input")].map((field) => {
    const { value } = field;
    field.value = "https://files.example/s/2D3RhEOhAQWhBEVkZXYtMl";
    return value;
  });
}

function widthOf(page) {
  return page.evaluate((line) => {
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.font = "16px system-ui, sans-serif";
    return context.measureText(line).width;
  }, LINE);
}

/** The share of pixels that differ; all of them if the sizes do. */
function differing(page, one, other) {
  return page.evaluate(async ([pair, channel]) => {
    const [a, b] = await Promise.all(pair.map(async (base64) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    }));
    if (a.width !== b.width || a.height !== b.height) return 1;
    let count = 0;
    for (let at = 0; at < a.data.length; at += 4) {
      if ([0, 1, 2].some((part) => Math.abs(a.data[at + part] - b.data[at + part]) > channel)) count += 1;
    }
    return count / (a.data.length / 4);
  }, [[one.toString("base64"), other.toString("base64")], CHANNEL]);
}
