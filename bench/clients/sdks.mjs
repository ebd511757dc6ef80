// How the tests call the SDKs for Node.js, and start a server for them. An answer that ends
// before its last event throws Cut.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, streamText } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';

const bound = 50;
const servers = [];

// serve starts a server whose deployments are all of one row of the catalog, and breaks their
// answers as the file says.
export async function serve(ref, faults, names, ...more) {
  const server = spawn(process.env.RATESIM, ['serve', '--addr', '127.0.0.1:0', '--no-latency', '--faults', faults, ...more,
    ...names.flatMap((n) => ['--provider', `${n}=${ref}`])], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  let url;
  for await (const line of createInterface(server.stdout)) {
    url = /^listening on (.*)/.exec(line)?.[1] ?? url;
    const admin = /^admin on (.*)/.exec(line)?.[1];
    if (admin) return { url, admin };
  }
  throw new Error('ratesim serve does not listen');
}

// stop ends the servers. They would wait for the answers that hang.
export const stop = () => servers.forEach((s) => s.kill('SIGKILL'));

const messages = [{ role: 'user', content: 'hello' }];
export class Cut extends Error {}

const openai = (timeout) => async (url, key, model, stream, signal) => {
  const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, timeout });
  const answer = await client.chat.completions.create({ model, messages, stream, max_completion_tokens: bound }, { signal });
  if (!stream) return;
  let reason;
  for await (const chunk of answer) reason ??= chunk.choices[0]?.finish_reason;
  if (!reason) throw new Cut();
};

const anthropic = (timeout) => async (url, key, model, stream, signal) => {
  const client = new Anthropic({ apiKey: key, baseURL: url, timeout });
  const answer = await client.messages.create({ model, messages, stream, max_tokens: bound }, { signal });
  if (!stream) return;
  let stopped = false;
  for await (const event of answer) stopped ||= event.type === 'message_stop';
  if (!stopped) throw new Cut();
};

// vercel asks with ai, which has no timeout unless it is told to. Its streams do not throw: errors
// are parts of fullStream, and whoever reads textStream alone sees an answer that has ended.
const vercel = () => async (url, key, model, stream, signal) => {
  const call = { model: createOpenAI({ apiKey: key, baseURL: `${url}/v1` }).chat(model), prompt: 'hello', maxOutputTokens: bound, abortSignal: signal };
  if (!stream) return generateText(call);
  let reason;
  for await (const part of streamText({ ...call, onError() {} }).fullStream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'finish') reason = part.finishReason;
  }
  if (!['stop', 'length'].includes(reason)) throw new Cut();
};

// sdks are the SDKs by their names on npm, and a deployment of their vendor. Attempts are given up
// after the timeout, in ms.
export const sdks = (timeout) => ({ 'openai': [openai(timeout), 'openai/gpt-4o@tier-1'], '@anthropic-ai/sdk': [anthropic(timeout), 'anthropic/claude-sonnet-4.5@start'], 'ai': [vercel(), 'openai/gpt-4o@tier-1'] });
