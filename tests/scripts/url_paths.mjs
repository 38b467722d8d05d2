// Reads [[url, path], ..] and answers with the pairs whose path `new URL` changes: a fetch would then ask for
// another object than the one that was signed.
import { readFileSync } from 'node:fs';

const pairs = JSON.parse(readFileSync(0, 'utf8'));
const changed = pairs.filter(([url, path]) => {
  const read = new URL(url);
  return read.pathname !== path || read.href !== url || read.search !== '' || read.hash !== '';
});
process.stdout.write(JSON.stringify({ read: pairs.length, changed }));
