// How long the SDKs wait before they try again, and what they do when a stream fails: the same
// cases, file format and tolerance as in delays_test.go. UPDATE=1 writes what was seen.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, streamText } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { Clock } from './clock.mjs';

// Of so many runs, the least and the most are near the range's ends. A few show whether a wait
// is random, and whether the waits of a stream are in the range of the other answers.
const runs = 400, few = 40;
const cases = JSON.parse(readFileSync('cases.json', 'utf8'));
const events = JSON.parse(readFileSync('events.json', 'utf8'));
const messages = [{ role: 'user', content: 'hello' }];

// drain reads a stream to its end.
async function drain(stream) {
  for await (const _ of await stream);
}

// The streams of ai do not throw: an error is a part of the stream.
async function drainParts({ fullStream }) {
  for await (const part of fullStream) if (part.type === 'error') throw part.error;
}

const vercel = (fetch) => ({ model: createOpenAI({ apiKey: 'sk-test', fetch }).chat('gpt-4o'), prompt: 'hello' });
const sdks = {
  'openai': {
    events: events.openai,
    ask: (fetch, stream) => new OpenAI({ apiKey: 'sk-test', fetch }).chat.completions.create({ model: 'gpt-4o', messages, stream }),
    drain,
  },
  '@anthropic-ai/sdk': {
    events: events.anthropic,
    ask: (fetch, stream) => new Anthropic({ apiKey: 'sk-test', fetch }).messages.create({ model: 'claude', max_tokens: 10, messages, stream }),
    drain,
  },
  'ai': {
    events: events.openai,
    ask: (fetch, stream) => (stream ? streamText({ ...vercel(fetch), onError() {} }) : generateText(vercel(fetch))),
    drain: drainParts,
  },
};

// run lets ask fail until it gives up, and returns the times of its attempts.
async function run(ask, reply) {
  const clock = new Clock();
  const at = [];
  const fetch = async () => {
    at.push(clock.now);
    return reply();
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

function refusal({ status, headers, code }) {
  const h = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(headers)) {
    const date = /^DATE\+(\d+)$/.exec(value);
    h[name] = date ? new Date(Date.now() + Number(date[1]) * 1000).toUTCString() : value;
  }
  const error = { type: 'refused', message: 'refused', param: null, code: code ?? '' };
  return new Response(JSON.stringify({ type: 'error', error }), { status, headers: h });
}

// failing is a stream of these events, the last of which is an error.
function failing(list) {
  const text = list.map((e) => (e.type ? `event: ${e.type}\n` : '') + `data: ${JSON.stringify(e)}\n\n`).join('');
  return new Response(text, { status: 200, headers: { 'content-type': 'text/event-stream' } });
}

// observe lets ask fail in one way, n times over if its waits are random.
async function observe(ask, reply, n) {
  let seen;
  for (let i = 0; i < n; i++) {
    if (i === few && seen.waits.every(([least, most]) => least === most)) break;
    const at = await run(ask, reply);
    const waits = at.slice(1).map((t, i) => (t - at[i]) / 1000);
    seen ??= { attempts: at.length, waits: waits.map(() => [Infinity, 0]) };
    assert.equal(at.length, seen.attempts);
    waits.forEach((w, i) => (seen.waits[i] = [Math.min(seen.waits[i][0], w), Math.max(seen.waits[i][1], w)]));
  }
  return seen;
}

const near = (x, y) => Math.abs(x - y) <= 0.02 * Math.max(x, y);

// within reports whether the waits of b are among those of a.
const within = (a, b) => a.attempts === b.attempts
  && b.waits.every(([least, most], i) => (least >= a.waits[i][0] || near(least, a.waits[i][0])) && (most <= a.waits[i][1] || near(most, a.waits[i][1])));

function same(got, want, name) {
  assert.deepEqual(Object.keys(got), Object.keys(want), name);
  for (const [c, w] of Object.entries(want)) {
    assert.equal(got[c].attempts, w.attempts, `${name}, ${c}`);
    w.waits.flat().forEach((x, i) => {
      const y = got[c].waits.flat()[i];
      assert.ok(near(x, y), `${name}, ${c}: wait ${i}: ${y}, recorded ${x}`);
    });
  }
}

for (const [name, sdk] of Object.entries(sdks)) {
  test(`${name}: waits`, async () => {
    const version = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
    const got = { sdk: name, version, cases: {}, streams: {} };
    const plain = (fetch) => sdk.ask(fetch, false);
    const streamed = async (fetch) => sdk.drain(await sdk.ask(fetch, true));
    for (const c of [...cases].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      got.cases[c.name] = await observe(plain, () => refusal(c), runs);
      const seen = await observe(streamed, () => refusal(c), few);
      if (!within(got.cases[c.name], seen)) got.streams[c.name] = await observe(streamed, () => refusal(c), runs);
    }
    for (const [event, list] of Object.entries(sdk.events)) got.streams[event] = await observe(streamed, () => failing(list), runs);
    got.streams = Object.fromEntries(Object.entries(got.streams).sort(([a], [b]) => (a < b ? -1 : 1)));
    const file = `delays/${name.replace('@', '').replace('/', '-')}.json`;
    if (process.env.UPDATE) {
      writeFileSync(file, JSON.stringify(got, null, 1) + '\n');
      return;
    }
    const want = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(got.version, want.version);
    same(got.cases, want.cases, 'answers');
    same(got.streams, want.streams, 'streams');
  });
}
