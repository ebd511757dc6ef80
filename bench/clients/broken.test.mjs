// What the SDKs for Node.js make of connections that break: the same cases, file format and
// bounds as in broken_test.go. UPDATE=1 writes what was seen.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Cut, sdks, serve, stop } from './sdks.mjs';

const patience = 2000, endless = 12000;
const models = [...readFileSync('broken.yaml', 'utf8').matchAll(/deployment: ([a-z0-9-]+)/g)].map((m) => m[1]);
after(stop);

function endOf(error) {
  if (error instanceof Cut) return 'cut';
  error = error.lastError ?? error; // of ai, when it has retried
  const name = error.constructor.name;
  if (name === 'APIConnectionTimeoutError') return 'timeout';
  if (error instanceof SyntaxError || name === 'SyntaxError' || /Invalid JSON/.test(error.message)) return 'unreadable';
  if (name === 'StreamProviderError' || name === 'APIError') return 'event';
  return (error.status ?? error.statusCode) >= 400 ? 'status' : 'connection';
}

const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const sorted = (of) => Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));

// record breaks every answer and stream that the SDK asks for, all at once.
async function record(name, ask, ref) {
  const { url, admin } = await serve(ref, 'broken.yaml', models);
  const got = { sdk: name.replace('@', '').replace('/', '-'), version: versionOf(name), answers: {}, streams: {} };
  await ask(url, 'warm', 'random-bytes', false).catch(() => {}); // so that no attempt waits for code to be loaded
  await Promise.all(models.flatMap((model, i) => [false, true].map(async (stream) => {
    await new Promise((wake) => setTimeout(wake, 50 * i));
    const key = `${stream ? 's' : 'a'}-${i}`;
    const late = new AbortController();
    let timer;
    const end = await Promise.race([
      ask(url, key, model, stream, late.signal).then(() => 'answer', endOf),
      new Promise((wake) => (timer = setTimeout(wake, endless, 'hangs'))),
    ]);
    clearTimeout(timer);
    const { accounts } = await (await fetch(`${admin}/admin/state`)).json();
    const attempts = accounts.find((a) => a.account === key).deployments.reduce((n, d) => n + d.attempts, 0);
    got[stream ? 'streams' : 'answers'][model] = { attempts, end };
    late.abort();
  })));
  return { ...got, answers: sorted(got.answers), streams: sorted(got.streams) };
}

// A client that pauses meets the headers and the end of a connection at once, which is another
// fault to it. Only after a pause the test is tried again.
const longestPause = 30, tries = 3;
describe('broken connections', { concurrency: true }, () => {
  for (const [name, [ask, ref]] of Object.entries(sdks(patience))) test(name, async () => {
    for (let n = 1; ; n++) {
      const delays = monitorEventLoopDelay({ resolution: 5 });
      delays.enable();
      const got = await record(name, ask, ref);
      delays.disable();
      const file = `broken/${got.sdk}.json`, paused = delays.max / 1e6;
      if (process.env.UPDATE) return writeFileSync(file, JSON.stringify(got, null, 1) + '\n');
      const want = JSON.parse(readFileSync(file, 'utf8'));
      if (isDeepStrictEqual(got, want) || paused < longestPause || n === tries) return assert.deepEqual(got, want);
      console.log(`${name}: tried again after a pause of ${paused} ms`);
    }
  });
});
