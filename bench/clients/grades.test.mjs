// The SDKs at their defaults against ratesim serve --conformance, whose program is
// $RATESIM: every cell of their grades.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test, { after, before } from 'node:test';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';

let server, url, admin;
const report = [];

before(async () => {
  // Of "scarce", one request is let in in a minute, which lasts a second.
  server = spawn(process.env.RATESIM, ['serve', '--addr', '127.0.0.1:0', '--speed', '60', '--no-latency', '--catalog', 'catalog.csv',
    '--provider', 'openai/gpt-4o@tier-1', '--provider', 'scarce=openai/scarce@test', '--provider', 'anthropic/claude-haiku-4.5@start',
    '--script', 'grades.yaml', '--conformance'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(server.stdout);
  await new Promise((ready, fail) => {
    lines.on('close', fail);
    lines.on('line', (line) => {
      report.push(line);
      url = /^listening on (.*)/.exec(line)?.[1] ?? url;
      admin = /^admin on (.*)/.exec(line)?.[1] ?? admin;
      if (admin) ready();
    });
  });
});

// A run in which a client fails exits with 3 when it is stopped, and prints the grades.
after(async () => {
  server.kill('SIGTERM');
  const [code] = await once(server, 'close');
  assert.equal(code, 3);
  assert.ok(report.includes('conformance: fail'), report.join('\n'));
});

const messages = (content) => [{ role: 'user', content }];

// What makes calls with an SDK, with an API key of its own.
const openai = (apiKey) => {
  const client = new OpenAI({ apiKey, baseURL: `${url}/v1` });
  return (prompt, model = 'gpt-4o') => client.chat.completions.create({ model, max_completion_tokens: 5, messages: messages(prompt) });
};
const anthropic = (apiKey) => {
  const client = new Anthropic({ apiKey, baseURL: url });
  return (prompt) => client.messages.create({ model: 'claude-haiku-4-5', max_tokens: 5, messages: messages(prompt) });
};
const ai = (apiKey) => {
  const provider = createOpenAI({ apiKey, baseURL: `${url}/v1` });
  return (prompt, model = 'gpt-4o') => generateText({ model: provider.chat(model), prompt, maxOutputTokens: 16 });
};

// grades returns the grade of each rule that is not untested, and how many cases were bad of how many.
async function grades(key) {
  const { keys } = await (await fetch(`${admin}/admin/conformance`)).json();
  const tested = keys.find((k) => k.key === key).findings.filter((f) => f.grade !== 'untested');
  return Object.fromEntries(tested.map((f) => [f.name, `${f.grade} ${f.count}/${f.of}`]));
}

const never = { openai, anthropic, ai };
for (const [name, client] of Object.entries(never)) {
  test(`${name}: never refused`, async () => {
    const ask = client(`n-${name}`);
    for (let i = 0; i < 5; i++) await ask('hello');
    assert.deepEqual(await grades(`n-${name}`), {});
  });
}

// They wait as they are asked to, and make three attempts. None knows that no credit is no
// reason to try again; of ai, which sends nothing that names a call, nobody can tell.
const refused = {
  openai: [openai, { 'retry-after': 'pass 0/1', 'hopeless': 'fail 2/3', 'amplification': 'pass 0/1' }],
  anthropic: [anthropic, { 'retry-after': 'pass 0/1', 'hopeless': 'fail 2/3', 'amplification': 'pass 0/1' }],
  ai: [ai, { 'retry-after': 'pass 0/1', 'hopeless': 'cannot tell 0/3', 'amplification': 'pass 0/1' }],
};
for (const [name, [client, want]] of Object.entries(refused)) {
  test(`${name}: refused`, { concurrency: true }, async () => {
    const ask = client(`r-${name}`);
    await Promise.all([ask('wait'), assert.rejects(ask('unpaid')), assert.rejects(ask('down'))]);
    assert.deepEqual(await grades(`r-${name}`), want);
  });
}

// Of forty calls at once with the same body, one is let in each second. The SDK tells the
// number of a retry, so that none of them can be taken for a new call, and none came early.
test('openai: forty calls at once with the same body', async () => {
  const ask = openai('b-openai');
  const done = await Promise.allSettled(Array.from({ length: 40 }, () => ask('hello', 'scarce')));
  const succeeded = done.filter((d) => d.status === 'fulfilled').length;
  const got = await grades('b-openai');
  const retries = Number(got['retry-after'].split('/')[1]);
  assert.ok(retries >= 40, `${retries} retries`);
  assert.deepEqual([got['retry-after'], got.headroom.split(' ')[0]], [`pass 0/${retries}`, 'warn']);
  assert.equal(got.headroom, `warn ${40 + retries - succeeded}/${40 + retries}`);
});

// Nothing names the calls of ai: who comes back early cannot be told from who calls anew.
test('ai: forty calls at once with the same body', async () => {
  const ask = ai('b-ai');
  await Promise.allSettled(Array.from({ length: 40 }, () => ask('hello', 'scarce')));
  const got = await grades('b-ai');
  assert.deepEqual(['retry-after', 'amplification'].map((rule) => got[rule].split(' 0/')[0]), ['cannot tell', 'cannot tell']);
});

// A client that makes its own attempts, early: by an idempotency key it is known on any
// connection.
test('a client that does not wait', async () => {
  for (const n of [0, 1]) {
    const r = await fetch(`${url}/v1/chat/completions`, { method: 'POST',
      headers: { 'Authorization': 'Bearer early', 'Content-Type': 'application/json', 'Idempotency-Key': 'one', 'Connection': 'close' },
      body: JSON.stringify({ model: 'gpt-4o', messages: messages('wait') }) });
    assert.equal(r.status, [429, 200][n]);
    await r.text();
  }
  assert.deepEqual(await grades('early'), { 'retry-after': 'fail 1/1' });
});
