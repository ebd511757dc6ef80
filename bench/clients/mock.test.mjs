// The SDKs against ratesim serve, whose program is $RATESIM.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import test, { after, before } from 'node:test';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, streamText } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';

let server, url, admin;

before(async () => {
  // A minute lasts a second. Of "scarce", one request is let in in that time.
  server = spawn(process.env.RATESIM, ['serve', '--addr', '127.0.0.1:0', '--speed', '60', '--catalog', 'catalog.csv',
    '--provider', 'openai/gpt-4o@tier-1', '--provider', 'openai/text-embedding-3-small@test',
    '--provider', 'scarce=openai/scarce@test', '--provider', 'unpaid=openai/gpt-4o@tier-1',
    '--provider', 'anthropic/claude-sonnet-4.5@start', '--provider', 'azure/gpt-4.1@tier-1', '--alias', 'prod-chat=gpt-4.1',
    '--faults', 'faults.yaml', '--script', 'script.yaml'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(server.stdout)) {
    url = /^listening on (.*)/.exec(line)?.[1] ?? url;
    admin = /^admin on (.*)/.exec(line)?.[1];
    if (admin) return;
  }
  throw new Error('ratesim serve does not listen');
});

after(() => server?.kill('SIGINT'));

// attempts returns how many attempts the key has made.
async function attempts(key) {
  const { accounts } = await (await fetch(`${admin}/admin/state`)).json();
  return accounts.find((a) => a.account === key)?.deployments.reduce((n, d) => n + d.attempts, 0) ?? 0;
}

const messages = [{ role: 'user', content: 'hello' }];
const said = 'Word word word word word';

test('openai: models, chat, stream, embeddings, batch', async () => {
  const client = new OpenAI({ apiKey: 'sk-1', baseURL: `${url}/v1` });
  assert.ok((await client.models.list()).data.some((m) => m.id === 'gpt-4o'));
  const answer = await client.chat.completions.create({ model: 'gpt-4o', max_completion_tokens: 5, messages });
  assert.equal(answer.choices[0].message.content, said);
  assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [8, 5]);
  const stream = client.chat.completions.stream({ model: 'gpt-4o', max_completion_tokens: 5, messages, stream_options: { include_usage: true } });
  assert.equal(await stream.finalContent(), said);
  assert.equal((await stream.totalUsage()).completion_tokens, 5);
  const response = await client.responses.create({ model: 'gpt-4o', max_output_tokens: 5, input: 'hello' });
  assert.equal(response.output_text, said);
  const list = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] }); // asks for base64
  assert.equal(list.data.length, 2);
  assert.ok(Math.abs(list.data[1].embedding.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-5);

  const line = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { model: 'gpt-4o', messages } };
  const file = await client.files.create({ purpose: 'batch', file: await toFile(Buffer.from(JSON.stringify(line) + '\n'), 'in.jsonl') });
  let batch = await client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  for (let i = 0; i < 100 && batch.status !== 'completed'; i++) {
    await new Promise((wake) => setTimeout(wake, 20));
    batch = await client.batches.retrieve(batch.id);
  }
  const done = JSON.parse(await (await client.files.content(batch.output_file_id)).text());
  assert.equal(done.response.status_code, 200);
});

test('@anthropic-ai/sdk: message, stream, count', async () => {
  const client = new Anthropic({ apiKey: 'sk-2', baseURL: url });
  const params = { model: 'claude-sonnet-4.5', max_tokens: 5, messages };
  const answer = await client.messages.create(params);
  assert.equal(answer.content[0].text, said);
  const whole = await client.messages.stream(params).finalMessage();
  assert.deepEqual([whole.content[0].text, whole.usage.output_tokens, whole.stop_reason], [said, 5, 'max_tokens']);
  assert.equal((await client.messages.countTokens({ model: params.model, messages })).input_tokens, 2);
  assert.equal((await client.models.list()).data[0].id, 'claude-sonnet-4-5-20250929');
});

test('ai: text and stream, over chat and responses', async () => {
  const provider = createOpenAI({ apiKey: 'sk-3', baseURL: `${url}/v1` });
  for (const model of [provider.chat('gpt-4o'), provider.responses('gpt-4o')]) {
    const { text, usage } = await generateText({ model, prompt: 'hello', maxOutputTokens: 16 });
    assert.equal(text.split(' ').length, usage.outputTokens);
    const stream = streamText({ model, prompt: 'hello', maxOutputTokens: 16 });
    assert.equal((await stream.text).split(' ').length, (await stream.usage).outputTokens);
  }
});

test('names that clients send', async () => {
  const client = new OpenAI({ apiKey: 'sk-5', baseURL: `${url}/v1` });
  const azure = new AzureOpenAI({ apiKey: 'sk-5', endpoint: url, apiVersion: '2024-10-21', deployment: 'prod-chat' });
  for (const [of, model, want] of [[client, 'gpt-4o', 'gpt-4o-2024-08-06'], [client, 'gpt-4o-2024-08-06', 'gpt-4o-2024-08-06'],
    [client, 'gpt-4o-2024-11-20', 'gpt-4o-2024-11-20'], [azure, 'prod-chat', 'gpt-4.1-2025-04-14']]) {
    assert.equal((await of.chat.completions.create({ model, max_completion_tokens: 5, messages })).model, want);
  }
  const claude = new Anthropic({ apiKey: 'sk-5', baseURL: url });
  for (const model of ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929']) {
    assert.equal((await claude.messages.create({ model, max_tokens: 5, messages })).model, 'claude-sonnet-4-5-20250929');
  }
  const { text } = await generateText({ model: createOpenAI({ apiKey: 'sk-5', baseURL: `${url}/v1` }).chat('gpt-4o-2024-08-06'), prompt: 'hello', maxOutputTokens: 16 });
  assert.match(text, /^Word/);
  for (let i = 0; i < 3; i++) {
    await assert.rejects(client.chat.completions.create({ model: 'gpt-9', messages }), (e) => e.status === 404 && e.code === 'model_not_found' && /--alias/.test(e.message));
    await assert.rejects(claude.messages.create({ model: 'claude-9', max_tokens: 5, messages }), (e) => e.status === 404 && e.error.error.type === 'not_found_error');
  }
  const grade = (await (await fetch(`${admin}/admin/conformance`)).json()).keys.find((k) => k.key === 'sk-5');
  assert.deepEqual([grade.grade, grade.attempts], ['untested', 7]);
});

// Two clients at once have the same key and the same bodies; the SDK tells the number of
// a retry, ai does not and is known by its body.
test('scripts: each call gets its sequence', async () => {
  const named = { 'Ratesim-Script': 'retries' };
  const client = () => new OpenAI({ apiKey: 'sk-6', baseURL: `${url}/v1`, defaultHeaders: named });
  const statuses = [];
  const ai = createOpenAI({ apiKey: 'sk-7', baseURL: `${url}/v1`, headers: named, fetch: async (...a) => {
    const r = await fetch(...a);
    statuses.push(r.status);
    return r;
  } });
  const many = async (of) => {
    for (let i = 0; i < 25; i++) await of.chat.completions.create({ model: 'gpt-4o', max_completion_tokens: 5, messages });
  };
  await Promise.all([many(client()), many(client())]);
  assert.equal(await attempts('sk-6'), 50); // that the deployment has decided: the last of each
  await Promise.all([0, 1].map((i) => generateText({ model: ai.chat('gpt-4o'), prompt: `hello ${i}`, maxOutputTokens: 16 })));
  assert.deepEqual(statuses.sort(), [200, 200, 429, 429, 503, 503]);
  const { scripts } = await (await fetch(`${admin}/admin/state`)).json();
  assert.deepEqual([scripts[0].name, scripts[0].calls, scripts[0].replies], ['retries', 52, 156]);

  const broken = client().chat.completions.stream({ model: 'gpt-4o', max_completion_tokens: 50, messages }, { headers: { 'Ratesim-Script': 'broken' } });
  let pieces = 0;
  broken.on('content', () => pieces++);
  await assert.rejects(broken.finalContent());
  assert.equal(pieces, 3);
});

// What is refused comes back when it is told to; nobody gives up on a bill at once. Nothing
// names the calls of ai, so that nobody can tell its attempts from new calls.
const limited = {
  'openai': (key, model) => new OpenAI({ apiKey: key, baseURL: `${url}/v1` }).chat.completions.create({ model, messages }),
  'ai': (key, model) => generateText({ model: createOpenAI({ apiKey: key, baseURL: `${url}/v1` }).chat(model), prompt: 'hello' }),
};
for (const [name, ask] of Object.entries(limited)) {
  test(`${name}: refused`, async () => {
    const key = `k-${name}`; // the state masks longer ones
    await ask(key, 'scarce');
    const begin = performance.now();
    await ask(key, 'scarce');
    assert.ok(performance.now() - begin >= 990, 'came back before a second had passed');
    assert.equal(await attempts(key), 3);
    await assert.rejects(ask(key, 'unpaid'), (error) => {
      const e = error.lastError ?? error;
      return (e.status ?? e.statusCode) === 429 && (e.code ?? e.data?.error?.code) === 'insufficient_quota';
    });
    assert.equal(await attempts(key), 6);
    const grades = (await (await fetch(`${admin}/admin/conformance`)).json()).keys.find((k) => k.key === key).findings;
    const want = name === 'openai' ? ['pass', 'fail'] : ['pass', 'cannot tell'];
    assert.deepEqual(['retry-after', 'hopeless'].map((rule) => grades.find((f) => f.name === rule).grade), want);
  });
}
