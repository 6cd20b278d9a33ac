import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { BenchFailure } from '../shared/failure.ts';
import { root } from '../shared/processes.ts';

const run = promisify(execFile);

/** What one program did with the whole file. */
export interface Outcome {
  lines: number;
  errors: number;
  /** From its first line of code, without the start of its runtime. */
  seconds: number;
  /** Processor seconds with its start, and the largest RSS in KiB; `undefined` where the program does not tell. */
  cpu?: number;
  maxRSS?: number;
}

/** Runs on one core if the machine has the means, and the receiver on another. */
async function pinned(): Promise<string[]> {
  try {
    await run('taskset', ['-c', '0', 'true']);
    return ['taskset', '-c', '0'];
  } catch {
    return [];
  }
}

export const onOneCore = await pinned();

/** Runs a program that prints its figures as JSON. */
export async function runPrinting(command: readonly string[], signal: AbortSignal): Promise<Outcome> {
  const [program = '', ...args] = [...onOneCore, ...command];
  const { stdout } = await run(program, args, { signal });
  return JSON.parse(stdout) as Outcome;
}

/** Runs the log processor of this project. @param input standard input, or `undefined` for none */
export function startLogProcessor(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input?: Readable,
) {
  const [program = '', ...rest] = [
    ...onOneCore,
    process.execPath,
    '--optimize-for-size',
    path.join(root, 'lab/logs/main.ts'),
    ...args,
  ];
  const child = spawn(program, rest, {
    // As `npm run logs` does.
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: path.join(root, '.data/compile-cache'),
      ...env,
    },
    stdio: [input ?? 'ignore', 'ignore', openSync('/dev/null', 'w'), 'ipc'],
  });
  const ended = once(child, 'exit');
  // Comes after the last message.
  const disconnected = once(child, 'disconnect');
  const outcome = (async () => {
    const messages = new Promise<Outcome>((resolve) => {
      child.on('message', (message: { type: string }) => {
        if (message.type === 'ended') resolve(message as unknown as Outcome);
      });
    });
    const found = await Promise.race([messages, disconnected.then(() => undefined)]);
    if (found === undefined) throw new BenchFailure(`The log processor has exited: ${args.join(' ')}`);
    await ended;
    return found;
  })();
  return { child, outcome };
}
