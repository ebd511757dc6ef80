// Requests that SDKs have sent for calls like those of their examples, sent again by the SDKs:
// they have to take the answers of ratesim serve, whose program is $RATESIM, in one piece and
// streamed, with their own helpers. That the answers satisfy the schemas is tested in
// provider/mock, by a validator.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import test, { after, before } from 'node:test';
import OpenAI, { AzureOpenAI } from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { generateText, Output, streamText, tool } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { GoogleGenAI } from '@google/genai';
import { z } from 'zod';

let server, url;
const vendors = ['openai/gpt-4o', 'openai/gpt-5', 'azure/gpt-4.1', 'anthropic/claude-sonnet-4.5', 'gemini/gemini-2.5-flash', 'mistral/mistral-large', 'groq/llama-3.3-70b-versatile'];

before(async () => {
  server = spawn(process.env.RATESIM, ['serve', '--addr', '127.0.0.1:0', '--any-model', '--no-latency', '--catalog', 'catalog.csv', '--answers', 'answers.yaml',
    ...vendors.flatMap((v) => ['--provider', `${v}@open`])], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(server.stdout)) {
    url = /^listening on (.*)/.exec(line)?.[1];
    if (url) return;
  }
  throw new Error('ratesim serve does not listen');
});

after(() => server?.kill('SIGINT'));

const recorded = readFileSync('../../provider/mock/testdata/requests.jsonl', 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const options = { apiKey: 'sk-answers', maxRetries: 0, timeout: 60_000 }; // without a timeout, Anthropic's refuses a large bound that is not streamed
const openai = (path = '/v1/') => new OpenAI({ ...options, baseURL: url + path.slice(0, path.indexOf('/v1/') + 3) });

function openaiOf({ path }) {
  const deployment = /deployments\/([^/]*)/.exec(path)?.[1];
  if (!path.includes('/v1/')) return new AzureOpenAI({ ...options, endpoint: url, apiVersion: '2024-10-21', deployment });
  return openai(path);
}

// What each way of asking returns: the text, and the names of the tools that are called.
const chat = (c) => c.choices.map((x) => [x.message.content ?? '', (x.message.tool_calls ?? []).map((t) => [t.function.name, JSON.parse(t.function.arguments)])]);
const response = (r) => [[r.output_text, r.output.filter((i) => i.type === 'function_call').map((i) => [i.name, JSON.parse(i.arguments)])]];
const message = (m) => [[m.content.filter((b) => b.type === 'text').map((b) => b.text).join(''), m.content.filter((b) => b.type === 'tool_use').map((b) => [b.name, b.input])]];
const candidates = (list) => {
  const all = [];
  for (const r of list) {
    for (const c of r.candidates) {
      const s = all[c.index] ??= ['', []];
      for (const p of c.content.parts) {
        if (p.functionCall) s[1].push([p.functionCall.name, p.functionCall.args]);
        else if (!p.thought) s[0] += p.text;
      }
    }
  }
  return all;
};

async function collect(stream) {
  const list = [];
  for await (const x of stream) list.push(x);
  return list;
}

function gemini({ path, body }, streamed) {
  const client = new GoogleGenAI({ apiKey: options.apiKey, httpOptions: { baseUrl: url, apiVersion: /^\/([^/]*)/.exec(path)[1] } });
  const { contents, generationConfig, ...rest } = body;
  const params = { model: /models\/([^:]*)/.exec(path)[1], contents, config: { ...generationConfig, ...rest } };
  return streamed ? client.models.generateContentStream(params).then(collect).then(candidates) : client.models.generateContent(params).then((r) => candidates([r]));
}

const ask = {
  chat: (r) => openaiOf(r).chat.completions.create(r.body).then(chat),
  responses: (r) => openaiOf(r).responses.create(r.body).then(response),
  messages: (r) => new Anthropic({ ...options, baseURL: url }).messages.create(r.body).then(message),
  gemini: (r) => gemini(r, false),
};
const stream = {
  chat: (r) => openaiOf(r).chat.completions.stream({ ...r.body, stream_options: { include_usage: true } }).finalChatCompletion().then(chat),
  responses: (r) => openaiOf(r).responses.stream(r.body).finalResponse().then(response),
  messages: (r) => new Anthropic({ ...options, baseURL: url }).messages.stream(r.body).finalMessage().then(message),
  gemini: (r) => gemini(r, true),
};

// What is filler has another length each time.
const alike = (all) => all.map(([text, calls]) => [text.replace(/^Word( word)*$/, ''), calls]);

for (const api of ['chat', 'responses', 'messages', 'gemini']) {
  test(`recorded requests: ${api}`, async () => {
    const wrong = [];
    const list = recorded.filter((r) => r.api === api);
    assert.ok(list.length >= 20);
    for (const r of list) {
      try {
        const whole = await ask[api](r);
        assert.ok(whole.length > 0);
        // Anthropic's helper takes no bound below the thoughts; OpenAI's throws for what is cut.
        const streamed = await stream[api](r).catch((e) => {
          if (e instanceof OpenAI.LengthFinishReasonError) return whole;
          throw e;
        });
        assert.deepEqual(alike(streamed), alike(whole));
      } catch (e) {
        wrong.push(`${r.from}: ${e.message}\n${JSON.stringify(r.body)}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('recorded requests: embeddings and counts', async () => {
  for (const r of recorded.filter((r) => r.api === 'embeddings')) {
    const { encoding_format: form, ...body } = r.body;
    const { data } = await openai(r.path).embeddings.create(form === 'base64' ? body : r.body); // base64 is what it asks for by itself
    assert.ok(data.length > 0 && data.every((d) => Math.abs(d.embedding.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-4), r.from);
  }
  for (const r of recorded.filter((r) => r.api === 'count')) {
    assert.ok((await new Anthropic({ ...options, baseURL: url }).messages.countTokens(r.body)).input_tokens > 0);
  }
  const client = new GoogleGenAI({ apiKey: options.apiKey, httpOptions: { baseUrl: url } });
  const { embeddings } = await client.models.embedContent({ model: 'gemini-embedding-001', contents: ['a', 'b'], config: { outputDimensionality: 768 } });
  assert.deepEqual(embeddings.map((e) => e.values.length), [768, 768]);
});

// Schemas as users write them; zod itself decides whether the answer satisfies them.
const UI = z.lazy(() => z.object({ type: z.enum(['div', 'form']), label: z.string(), children: z.array(UI) }));
const schemas = {
  steps: z.object({ steps: z.array(z.object({ explanation: z.string(), output: z.string() })), answer: z.string() }),
  recursive: UI,
  union: z.object({ item: z.discriminatedUnion('kind', [z.object({ kind: z.literal('user'), name: z.string() }), z.object({ kind: z.literal('place'), zip: z.string() })]) }),
  bounded: z.object({ age: z.number().int().min(18).max(99), share: z.number().gt(0).lt(1), tags: z.array(z.string().min(3)).min(2).max(4), mail: z.email(), id: z.uuid(), at: z.iso.datetime() }),
  nullable: z.object({ name: z.string().nullable(), size: z.number().nullable() }),
};

for (const [name, schema] of Object.entries(schemas)) {
  test(`zod: ${name}`, async () => {
    const messages = [{ role: 'user', content: `the ${name}` }];
    const claude = new Anthropic({ ...options, baseURL: url });
    const { choices } = await openai().chat.completions.parse({ model: 'gpt-4o', messages, n: 2, response_format: zodResponseFormat(schema, name) });
    const { output_parsed: output } = await openai().responses.parse({ model: 'gpt-5', input: `the ${name}`, text: { format: zodTextFormat(schema, name) } });
    const called = await openai().chat.completions.parse({ model: 'gpt-4o', messages, tools: [zodFunction({ name, parameters: schema })], tool_choice: 'required' });
    for (const value of [choices[0].message.parsed, choices[1].message.parsed, output, called.choices[0].message.tool_calls[0].function.parsed_arguments]) schema.parse(value);
    if (name !== 'recursive') { // whose references Anthropic's helper does not take
      const { parsed_output: parsed } = await claude.messages.parse({ model: 'claude-sonnet-4-5-20250929', max_tokens: 1000, messages, output_config: { format: zodOutputFormat(schema) } });
      schema.parse(parsed);
    }
    for (const model of [createOpenAI({ ...options, baseURL: `${url}/v1` }).chat('gpt-4o'), createOpenAI({ ...options, baseURL: `${url}/v1` })('gpt-4o')]) {
      const { output: object } = await generateText({ model, prompt: `the ${name}`, output: Output.object({ schema }) });
      schema.parse(object);
      schema.parse(await streamText({ model, prompt: `the ${name}`, output: Output.object({ schema }) }).output);
      const { toolCalls } = await generateText({ model, prompt: `the ${name}`, tools: { it: tool({ inputSchema: schema }) }, toolChoice: 'required' });
      assert.equal(toolCalls.length, 1);
      schema.parse(toolCalls[0].input);
    }
  });
}

// A tool is called, and its result answered: both are recorded.
test('recorded answers drive a loop of tools', async () => {
  const asked = [];
  const runner = openai().chat.completions.runTools({ model: 'gpt-4o', messages: [{ role: 'user', content: 'the recorded weather' }],
    tools: [zodFunction({ name: 'get_weather', parameters: z.object({ city: z.string() }), function: ({ city }) => asked.push(city) && 'sunny, 21' })] });
  assert.equal(await runner.finalContent(), 'It is "sunny" in Lima.\n21 °C.');
  assert.deepEqual(asked, ['Lima']);
});

test('errors of schemas and tools', async () => {
  const messages = [{ role: 'user', content: 'hello' }];
  await assert.rejects(openai().chat.completions.create({ model: 'gpt-4o', messages, tool_choice: 'auto' }), (e) => e instanceof OpenAI.BadRequestError && e.param === 'tool_choice');
  await assert.rejects(openai().chat.completions.create({ model: 'gpt-4o', messages, response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object' } } } }),
    (e) => e.status === 400 && /additionalProperties/.test(e.message));
  await assert.rejects(new Anthropic({ ...options, baseURL: url }).messages.create({ model: 'claude-sonnet-4-5-20250929', max_tokens: 5, messages, tool_choice: { type: 'any' } }),
    (e) => e instanceof Anthropic.BadRequestError && e.error.error.type === 'invalid_request_error');
});
