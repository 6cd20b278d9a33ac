import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { demoApiKey } from '../../../src/config/config.ts';
import { BenchFailure } from '../shared/failure.ts';
import { sampleOrder } from '../shared/load.ts';
import { root } from '../shared/processes.ts';
import { type Spread, spreadOf } from '../shared/statistics.ts';

export interface StartUp {
  /** Seconds from `npm start` to the first paid order, with an empty data folder. */
  cold: number;
  /** The same with an existing data folder. */
  warm: Spread;
}

const warmStarts = 3;

/** Milliseconds until `npm start` must have printed its address. */
const deadline = 60_000;

/** Starts everything with `npm start`, as a newcomer does, several times. */
export async function measureStartUp(signal: AbortSignal): Promise<StartUp> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), 'orders-start-up-'));
  const dataDir = path.join(folder.path, 'data');
  const cold = await firstPaidOrder(dataDir, signal);
  const warm: number[] = [];
  while (warm.length < warmStarts) warm.push(await firstPaidOrder(dataDir, signal));
  return { cold, warm: spreadOf(warm) };
}

async function firstPaidOrder(dataDir: string, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const startedAt = performance.now();
  const npm = spawn('npm', ['start'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATA_DIR: dataDir,
      PORT: '0',
      ADMIN_PORT: '0',
      SIMULATOR_PORT: '0',
    },
    // Its own process group, so that npm, its shell and their children can be ended together.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(npm, 'close');
  try {
    const url = await addressIn(npm, signal);
    const answer = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${demoApiKey.key}` },
      body: JSON.stringify(sampleOrder),
    });
    if (answer.status !== 201) {
      throw new BenchFailure(`The first order after npm start was answered ${answer.status}.`);
    }
    return (performance.now() - startedAt) / 1000;
  } finally {
    if (npm.pid !== undefined && npm.exitCode === null) process.kill(-npm.pid, 'SIGTERM');
    // An unread pipe never closes.
    npm.stdout.resume();
    await ended;
  }
}

/** The address of the API, as printed by `npm start`. */
async function addressIn(
  npm: ChildProcessByStdio<null, Readable, Readable>,
  signal: AbortSignal,
): Promise<string> {
  let complaint = '';
  npm.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk;
  });
  const givenUp = AbortSignal.any([signal, AbortSignal.timeout(deadline)]);
  for await (const line of createInterface({ input: npm.stdout, signal: givenUp })) {
    const url = /^\s*API\s+(http:\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  signal.throwIfAborted();
  throw new BenchFailure(`npm start showed no address of the API. ${complaint}`);
}
