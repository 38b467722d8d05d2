// Reads [url, ..] and answers with those that `new URL` changes: a fetch would then send another one than was signed.
import { readFileSync } from 'node:fs';

const urls = JSON.parse(readFileSync(0, 'utf8'));
const changed = urls.filter((url) => new URL(url).href !== url);
process.stdout.write(JSON.stringify({ read: urls.length, changed }));
