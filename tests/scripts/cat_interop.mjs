// Both ways with @eyevinn/cat: validates the tokens it is given, and makes the ones it is asked for.
// Input: {key, kid, validate: [{token, options}], generate: [claims]}. The claims are in the library's own JSON.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'index.js'));
const { CAT } = require('@eyevinn/cat');
const input = JSON.parse(readFileSync(0, 'utf8'));
const keys = { [input.kid]: Buffer.from(input.key, 'hex') };

async function validate(cat, { token, options }) {
  try {
    const { cat: found, error } = await cat.validate(token, 'mac', {
      kid: input.kid,
      ...options,
      url: options.url && new URL(options.url),
    });
    return error ? { error: String(error.message ?? error) } : { claims: found.claims };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

const tagged = new CAT({ keys, expectCwtTag: true });
const untagged = new CAT({ keys, expectCwtTag: false });
const validated = [];
for (const one of input.validate) validated.push(await validate(tagged, one));
const generated = [];
for (const claims of input.generate) {
  for (const cat of [tagged, untagged]) {
    generated.push(await cat.generateFromJson({ ...claims }, { type: 'mac', alg: 'HS256', kid: input.kid }));
  }
}
process.stdout.write(JSON.stringify({ validated, generated }));
