// Runs the tests of the page's modules (`web/test/`) with Node's own runner. Writes `{ passed, failed: [name] }`.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";

const folder = join(import.meta.dirname, "../../web/test");
const files = readdirSync(folder).filter((name) => name.endsWith(".test.mjs")).map((name) => join(folder, name));
const failed = [];
let passed = 0;
for await (const { type, data } of run({ files, concurrency: 1 })) {
  if (type === "test:fail") failed.push(`${data.name}: ${data.details.error.cause ?? data.details.error}`);
  // Files count as tests as well.
  if (type === "test:pass" && data.nesting === 0 && !data.name.endsWith(".mjs")) passed += 1;
}
process.stdout.write(JSON.stringify({ passed, failed }));
