// Runs the tests of JavaScript modules with Node's own runner: those of the folder that the input names below the
// repository's root. What is `given` they find as JSON in the variable GIVEN. Writes `{ passed, failed: [name] }`.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";

const { tests, given } = JSON.parse(readFileSync(0, "utf8"));
process.env.GIVEN = JSON.stringify(given ?? null);
const folder = join(import.meta.dirname, "../..", tests);
const files = readdirSync(folder).filter((name) => name.endsWith(".test.mjs")).map((name) => join(folder, name));
const failed = [];
let passed = 0;
for await (const { type, data } of run({ files, concurrency: 1 })) {
  if (type === "test:fail") failed.push(`${data.name}: ${data.details.error.cause ?? data.details.error}`);
  // Files count as tests as well.
  if (type === "test:pass" && data.nesting === 0 && !data.name.endsWith(".mjs")) passed += 1;
}
process.stdout.write(JSON.stringify({ passed, failed }));
