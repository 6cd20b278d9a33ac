import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { demoApiKey } from '../../../src/config/config.ts';
import { BenchFailure } from '../shared/failure.ts';
import { sampleOrder } from '../shared/load.ts';
import { root } from '../shared/processes.ts';
import { type Spread, spreadOf } from '../shared/statistics.ts';

export interface StartUp {
  /** Seconds from `npm start` to the first paid order, with a data folder that had to be made. */
  cold: number;
  /** The same with one that was there. */
  warm: Spread;
}

const warmStarts = 3;

/** Milliseconds after which a start that shows no address is given up. */
const deadline = 60_000;

/** Starts everything as a newcomer does, several times. */
export async function measureStartUp(dataDir: string, signal: AbortSignal): Promise<StartUp> {
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
    // A process group of its own, so that npm, its shell and what they run can be ended together.
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
    // What nobody reads keeps a pipe from ending.
    npm.stdout.resume();
    await ended;
  }
}

/** The address of the API, as `npm start` shows it. */
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
