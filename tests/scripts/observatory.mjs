// Mozilla's HTTP Observatory, on addresses of loopback. Reads `[{ host, port, path }]` as JSON from stdin, writes
// `[{ status, score, grade, tests: { name: [result, modifier] } }]`. The first argument is the folder of the packages.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const source = dirname(createRequire(`${process.argv[2]}/`).resolve('@mdn/mdn-http-observatory'));
const load = (module) => import(pathToFileURL(join(source, module)).href);

// Its install script would download the browsers' preload list, on which no address of loopback stands.
const preloaded = join(source, '../conf/hsts-preload.json');
if (!existsSync(preloaded)) {
  writeFileSync(`${preloaded}.${process.pid}`, '{}');
  renameSync(`${preloaded}.${process.pid}`, preloaded);
}

const { retrieve } = await load('retriever/retriever.js');
const { ALL_TESTS } = await load('constants.js');
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await load('grader/charts.js');
const { getGradeForScore, getScoreModifier } = await load('grader/grader.js');

// Nothing listens there.
const CLOSED_PORT = 1;

// The package's own `scan`, but for its fixed ports and for TLS, which is the platform's: what the edge answers is
// taken as what came by https from a host that does not answer by http.
async function scan({ host, port, path }) {
  const found = await retrieve(host, { httpPort: port, httpsPort: CLOSED_PORT, path });
  const { responses, session } = found;
  if (!responses.http) throw new Error(`${host}:${port}${path} does not answer`);
  responses.https = responses.auto = { ...responses.http, verified: true };
  // Of the page's policy as well: bucket and files, which it may call, are named by http on a machine without TLS.
  const policy = 'content-security-policy';
  const ours = responses.https.headers[policy]?.replaceAll('http://127.0.0.1:', 'https://127.0.0.1:');
  if (ours) responses.https.headers[policy] = ours;
  responses.http = null;
  responses.httpRedirects = responses.httpsRedirects = [];
  session.url = new URL(session.url.href.replace(/^http:/, 'https:'));
  const results = ALL_TESTS.map((test) => test(found));
  const tests = {};
  let [score, withoutCredit] = [100, 100];
  for (const { constructor, result } of results) {
    const modifier = getScoreModifier(result);
    tests[constructor.name] = [result, modifier];
    score += modifier;
    withoutCredit += Math.min(modifier, 0);
  }
  const final = getGradeForScore(withoutCredit >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? score : withoutCredit);
  return { status: responses.auto.status, score: final.score, grade: final.grade, tests };
}

const addresses = JSON.parse(readFileSync(0, 'utf8'));
const answers = [];
for (const address of addresses) answers.push(await scan(address));
process.stdout.write(JSON.stringify(answers));
// Its HTTP client keeps connections open.
process.exit(0);
