// How long the SDKs wait before they try again: the same cases, file format and
// tolerance as in delays_test.go. UPDATE=1 writes what was seen.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { Clock } from './clock.mjs';

const runs = 400;
const cases = JSON.parse(readFileSync('cases.json', 'utf8'));
const messages = [{ role: 'user', content: 'hello' }];
const sdks = {
  'openai': (fetch) => new OpenAI({ apiKey: 'sk-test', fetch }).chat.completions.create({ model: 'gpt-4o', messages }),
  '@anthropic-ai/sdk': (fetch) => new Anthropic({ apiKey: 'sk-test', fetch }).messages.create({ model: 'claude', max_tokens: 10, messages }),
  'ai': (fetch) => generateText({ model: createOpenAI({ apiKey: 'sk-test', fetch }).chat('gpt-4o'), prompt: 'hello' }),
};

// run lets ask be refused until it gives up, and returns the times of its attempts.
async function run(ask, { status, headers, code }) {
  const clock = new Clock();
  const at = [];
  const fetch = async () => {
    at.push(clock.now);
    const h = { 'content-type': 'application/json' };
    for (const [name, value] of Object.entries(headers)) {
      const date = /^DATE\+(\d+)$/.exec(value);
      h[name] = date ? new Date(Date.now() + Number(date[1]) * 1000).toUTCString() : value;
    }
    const error = { type: 'refused', message: 'refused', param: null, code: code ?? '' };
    return new Response(JSON.stringify({ type: 'error', error }), { status, headers: h });
  };
  clock.install();
  try {
    const { error } = await clock.settle(ask(fetch));
    assert.ok(error, 'no error');
  } finally {
    clock.uninstall();
  }
  return at;
}

for (const [name, ask] of Object.entries(sdks)) {
  test(`${name}: waits`, async () => {
    const version = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
    const got = { sdk: name, version, cases: {} };
    for (const c of [...cases].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      let seen;
      for (let i = 0; i < runs; i++) {
        const at = await run(ask, c);
        const waits = at.slice(1).map((t, i) => (t - at[i]) / 1000);
        seen ??= { attempts: at.length, waits: waits.map(() => [Infinity, 0]) };
        assert.equal(at.length, seen.attempts, c.name);
        waits.forEach((w, i) => (seen.waits[i] = [Math.min(seen.waits[i][0], w), Math.max(seen.waits[i][1], w)]));
      }
      got.cases[c.name] = seen;
    }
    const file = `delays/${name.replace('@', '').replace('/', '-')}.json`;
    if (process.env.UPDATE) {
      writeFileSync(file, JSON.stringify(got, null, 1) + '\n');
      return;
    }
    const want = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(got.version, want.version);
    assert.deepEqual(Object.keys(got.cases), Object.keys(want.cases));
    for (const [c, w] of Object.entries(want.cases)) {
      const g = got.cases[c];
      assert.equal(g.attempts, w.attempts, c);
      w.waits.flat().forEach((x, i) => {
        const y = g.waits.flat()[i];
        assert.ok(Math.abs(x - y) <= 0.02 * Math.max(x, y), `${c}: wait ${i}: ${y}, recorded ${x}`);
      });
    }
  });
}
