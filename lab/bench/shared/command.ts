import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../../harness/whole-number.ts';
import { watchInterruption } from '../../harness/interruption.ts';
import { StartupError } from '../../../src/errors.ts';
import { BenchFailure } from './failure.ts';

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Runs a benchmark from the command line. Ctrl-C aborts the signal. An expected failure prints one line; any other error is
 * a defect and prints its stack.
 */
export async function runBenchmark(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal: wish } = watchInterruption(() => 'Its processes may still be ending.');
  const interrupted = new AbortController();
  wish.addEventListener('abort', () =>
    interrupted.abort(new BenchFailure('Interrupted; there is no report.')),
  );
  try {
    await work(interrupted.signal);
  } catch (error) {
    process.stderr.write(
      `${isExpected(error) ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    );
    process.exitCode = 1;
  }
}

function isExpected(error: unknown): error is Error {
  return [BenchFailure, UsageError, StartupError].some((kind) => error instanceof kind);
}

/** Writes the files, by name, into the folder. Values other than strings are written as JSON. */
export async function writeReport(folder: string, files: Readonly<Record<string, unknown>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 2)}\n`;
    await writeFile(path.join(folder, name), text);
  }
  say(`Written to ${folder}.`);
}
