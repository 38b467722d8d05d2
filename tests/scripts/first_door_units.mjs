// Runs the tests of the CloudFront Function (`lambda-edge/function/test/`) with Node's own runner, on the code and the store
// of its input. Writes `{ passed, failed: [name] }`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";

process.env.FIRST_DOOR = readFileSync(0, "utf8");
const files = [join(import.meta.dirname, "../../lambda-edge/function/test/first-door.test.mjs")];
const failed = [];
let passed = 0;
for await (const { type, data } of run({ files, concurrency: 1 })) {
  if (type === "test:fail") failed.push(`${data.name}: ${data.details.error.cause ?? data.details.error}`);
  // Files count as tests as well.
  if (type === "test:pass" && data.nesting === 0 && !data.name.endsWith(".mjs")) passed += 1;
}
process.stdout.write(JSON.stringify({ passed, failed }));
