// Where a part of the attempts fails, as many calls of an SDK for Node.js succeed as of its
// preset in the simulator, streamed or not: the difference is what chance makes of so many
// calls, within three and a half standard deviations. shares_test.go does it for Go's SDKs.
// Connections that are reset are not among the faults: a client that has no time for a while
// loses the headers with the rest, and tries again. broken.test.mjs has them one by one.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sdks, serve, stop } from './sdks.mjs';

const calls = Number(process.env.RATESIM_CALLS ?? 200), simulated = 20_000;
const atOnce = 25; // in each cell
const dir = mkdtempSync(join(tmpdir(), 'shares-'));
after(() => (stop(), rmSync(dir, { recursive: true })));

const presets = { 'openai': 'sdk:openai-node@7.57', '@anthropic-ai/sdk': 'sdk:anthropic-typescript@1.13', 'ai': 'sdk:vercel-ai@7' };
const faults = {
  'mid-stream': 'kind: mid-stream, rate: 0.25, status: 500',
  'failed': 'kind: errors, rate: 0.5, status: 500',
  'refused': 'kind: errors, rate: 0.6, status: 429',
};

// presetShares returns which part of each preset's calls succeeds.
function presetShares(fault, stream) {
  const file = join(dir, `${stream}.yaml`);
  writeFileSync(file, `{name: x, duration: 1m, drain: 30m,
workload: [{arrivals: {process: spike, at: 0s, calls: ${simulated}}, prompt_tokens: 2, output_tokens: 50, stream: ${stream}}],
deployments: [{name: main, provider: openai/gpt-4o@tier-1, limits: {rpm: 1_000_000, tpm: none}, latency: {ttft: 0s, per_token: 0s}}],
faults: [{${fault}}], strategies: ${JSON.stringify(Object.values(presets))}}`);
  const { strategies } = JSON.parse(execFileSync(process.env.RATESIM, ['compare', file, '--reps', '1', '--quiet', '-o', 'json']));
  return Object.fromEntries(strategies.map((s) => [s.name, s.success_rate.mean]));
}

// share returns which part of an SDK's calls succeeds against the mock.
async function share(ask, url, model, stream) {
  let left = calls, fine = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) await ask(url, 'sk-test', model, stream).then(() => fine++, () => {});
  }));
  return fine / calls;
}

const file = join(dir, 'faults.yaml');
writeFileSync(file, Object.entries(faults).map(([name, fault]) => `- {deployment: ${name}, ${fault}}\n`).join(''));
for (const [name, [ask, ref]] of Object.entries(sdks(60_000))) test(name, async (t) => {
  const { url } = await serve(ref.replace(/@.*/, '@open'), file, Object.keys(faults), '--catalog', 'catalog.csv');
  await Promise.all(Object.entries(faults).flatMap(([model, fault]) => [false, true].map(async (stream) => {
    const want = presetShares(fault, stream)[presets[name]], got = await share(ask, url, model, stream);
    const cell = `${name} ${model} ${stream ? 'streamed' : 'whole'}`;
    t.diagnostic(`${cell}: ${(100 * got).toFixed(1)} % of the SDK's calls succeed, ${(100 * want).toFixed(1)} % of the preset's`);
    assert.ok(Math.abs(got - want) <= 3.5 * Math.sqrt(want * (1 - want) / calls), `${cell}: ${got} of the SDK's calls, ${want} of the preset's`);
  })));
});
