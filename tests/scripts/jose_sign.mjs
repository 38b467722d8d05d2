// Makes signed JWTs with jose: by a new key for ES256, by the given one for HS256.
// Input: {secret in hexadecimal, sign: [{header, claims}]}. Output: {x, y, signed}.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.argv[2], 'index.js'));
const { SignJWT, generateKeyPair, exportJWK } = await import(pathToFileURL(require.resolve('jose')).href);
const input = JSON.parse(readFileSync(0, 'utf8'));
const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
const secret = Buffer.from(input.secret, 'hex');
const sign = (header, claims) =>
  new SignJWT(claims).setProtectedHeader(header).sign(header.alg === 'ES256' ? privateKey : secret);
const { x, y } = await exportJWK(publicKey);
const signed = [];
for (const { header, claims } of input.sign) signed.push(await sign(header, claims));
process.stdout.write(JSON.stringify({ x, y, signed }));
