import { fstatSync, globSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../src/errors.ts';
import { makeFolder } from '../../src/make-folder.ts';
import { type Lag, startAdmin } from './admin.ts';
import type { Arguments } from './arguments.ts';
import { BatchBuilder } from './batch.ts';
import { createCheckpointWriter, readCheckpoint, reasonOf } from './checkpoint.ts';
import type { LogsConfig } from './config.ts';
import { createCounts } from './counts.ts';
import { createFileSet, type FileSet, isPattern } from './input/file-set.ts';
import { idOf } from './input/identity.ts';
import { createGzipFiles, createStandardInput, type StreamSet } from './input/stream-set.ts';
import { LineProcessor } from './lines/line-processor.ts';
import { createDispatcher } from './output/dispatcher.ts';
import { createOtlpTarget } from './output/otlp-target.ts';
import { createStandardOutput } from './output/standard-output.ts';
import { createPipeline } from './pipeline.ts';
import { createTerminal, megabytes, numberOf, totalOf } from './terminal.ts';

/** Most bytes of a batch, uncompressed: receivers have a bound, too. */
const batchBytes = 1024 * 1024;
/** Milliseconds between two checkpoints. What was accepted since the last one is forwarded again after a crash. */
const checkpointInterval = 100;
/** Milliseconds after a request to stop until the user is told what it waits for. */
const patience = 1000;
/** Waits between attempts, in milliseconds. */
const backoff = { base: 500, floor: 50, cap: 30_000 };

/**
 * Puts the parts together and runs until the input ends or `stop` aborts.
 *
 * @returns whether everything that was read was forwarded, and everything that was named could be read
 * @throws {StartupError | TargetGone} for what the user can fix
 */
export async function processLogs(args: Arguments, config: LogsConfig, stop: AbortSignal): Promise<boolean> {
  const startedAt = performance.now();
  const counts = createCounts(config.mostServices);
  const giveUp = new AbortController();
  let sets: Array<FileSet | StreamSet> = [];
  const lag = (): Lag => {
    const bytes = sets.reduce((sum, set) => sum + behind(set), 0);
    return {
      bytes,
      seconds:
        bytes === 0 || dispatcher.newest() === 0 ? 0 : Math.max(0, Date.now() / 1000 - dispatcher.newest()),
      batchesInFlight: dispatcher.inFlight(),
      isWaiting: dispatcher.inFlight() >= config.inFlight,
    };
  };
  const share = () => (args.once ? shareOf(sets) : undefined);
  const terminal = createTerminal(counts, lag, share);
  const { say } = terminal;

  const { authorization, timeout, inFlight } = config;
  const compression = args.compression ?? config.compression;
  const targets = args.to.map((to) =>
    to === 'stdout'
      ? createStandardOutput({ backoff, say })
      : createOtlpTarget({
          url: to,
          compression,
          authorization,
          timeout,
          connections: inFlight,
          backoff,
          counts,
          say,
        }),
  );
  const output = outputOf(args.to);
  if (args.standardInput && output !== undefined && output === fileBehind(0))
    throw new StartupError('Standard input is the file that the lines are written to.');
  const checkpointFile = path.resolve(args.checkpoint ?? config.checkpoint);
  const changed = (): void => {
    // What is only counted is forwarded to nobody.
    if (files !== undefined && args.to.length > 0) writer.changed();
  };
  const files = await openFiles(args, config, checkpointFile, say, changed);
  const writer = createCheckpointWriter(checkpointFile, () => files?.checkpoint() ?? [], {
    interval: checkpointInterval,
    say,
  });
  const dispatcher = createDispatcher(targets, {
    inFlight,
    counts,
    signal: giveUp.signal,
    accepted: changed,
  });

  const streamOptions = { longestLine: config.longestLine, wake: () => pipeline.wake(), say };
  const compressed = await sizesOf(compressedFiles(args));
  sets = [
    ...(files === undefined ? [] : [files]),
    ...(compressed.length > 0 ? [createGzipFiles(compressed, streamOptions)] : []),
    ...(args.standardInput ? [createStandardInput(streamOptions)] : []),
  ];
  const batch = new BatchBuilder({
    size: config.batch.size,
    bytes: batchBytes,
    otlp: args.to.some((to) => to !== 'stdout'),
    text: args.to.includes('stdout'),
  });
  const { fields, service } = args;
  const processor = new LineProcessor({ fields, service, longestLine: config.longestLine }, counts, batch);
  const pipeline = createPipeline({
    sets,
    processor,
    batch,
    dispatcher,
    counts,
    batchDelay: config.batch.delay,
    pollInterval: config.pollInterval,
    signal: stop,
  });

  const admin = args.once ? undefined : await startAdmin(config.admin, counts, lag);
  if (admin !== undefined) {
    say(`Counts: ${admin.url}/status and ${admin.url}/metrics`);
    process.send?.({ type: 'reading', url: admin.url });
  }

  stop.addEventListener('abort', () => {
    void giveUpAfter(config.shutdownDeadline, giveUp);
    void sleep(patience, undefined, { ref: false }).then(() => {
      const seconds = (config.shutdownDeadline - patience) / 1000;
      if (dispatcher.inFlight() > 0 && seconds > 0)
        say(
          `Stops within ${seconds.toFixed(0)} s, and waits for ${numberOf(dispatcher.linesInFlight(), 'line')} to be accepted.`,
        );
    });
  });
  try {
    await pipeline.run();
    await dispatcher.drain();
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
  } finally {
    if (files !== undefined && args.to.length > 0) {
      for (const input of files.inputs()) await input.poll(input.name);
      await writer.close();
    }
    // Who only counts wants the counts.
    terminal.close(args.to.length === 0);
    admin?.close();
    await Promise.all([...targets, ...sets].map((each) => each.close()));
  }
  const unread = sets.reduce((sum, set) => sum + ('linesLeft' in set ? set.linesLeft() : 0), 0);
  const left = dispatcher.linesInFlight() + batch.lines + unread;
  const { lines, errors } = totalOf(counts);
  const seconds = (performance.now() - startedAt) / 1000;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  // For a benchmark: seconds, and KiB.
  const figures = { type: 'ended', lines, errors, seconds, cpu: (userCPUTime + systemCPUTime) / 1e6, maxRSS };
  await tellParent(figures);
  say(
    `Read ${numberOf(lines, 'line')} (${megabytes(counts.bytes)}) in ${seconds.toFixed(1)} s: ${numberOf(errors, 'error')}, ${counts.malformed} not JSON, ${counts.oversize} too long, ${counts.rejected} refused.`,
  );
  const notAccepted = `${numberOf(left, 'line')} ${left === 1 ? 'was' : 'were'} not accepted in time`;
  if (left > 0)
    say(
      args.standardInput
        ? `${notAccepted}, those of standard input are lost.`
        : `${notAccepted}; the next start forwards them.`,
    );
  const isCutShort = args.once && !sets.every((set) => set.isComplete());
  if (isCutShort) say('Stopped before the end of what was to be read.');
  const hasLost = left > 0 || counts.rejected > 0 || sets.some((set) => set.hasFailed());
  return !isCutShort && !(hasLost && (args.once || args.standardInput));
}

async function openFiles(
  { files, once, fromEnd, to }: Arguments,
  { waits }: LogsConfig,
  checkpointFile: string,
  say: (sentence: string) => void,
  changed: () => void,
): Promise<FileSet | undefined> {
  if (files.length === 0) return undefined;
  try {
    makeFolder(path.dirname(checkpointFile));
  } catch (error) {
    throw new StartupError(`The folder of ${checkpointFile} cannot be made: ${reasonOf(error)}.`);
  }
  const checkpoint = await readCheckpoint(checkpointFile);
  const own = { checkpoint: checkpointFile, output: outputOf(to) };
  return createFileSet({ patterns: files, waits, once, fromEnd, checkpoint, own, say, changed });
}

/** The file behind standard output, if lines are written there. */
function outputOf(to: readonly string[]): string | undefined {
  return to.includes('stdout') ? fileBehind(1) : undefined;
}

function fileBehind(descriptor: number): string | undefined {
  const status = fstatSync(descriptor, { bigint: true });
  return status.isFile() ? idOf(status) : undefined;
}

/** Those that are named, and those that match a pattern. */
function compressedFiles({ compressed, files, once }: Arguments): string[] {
  const names = [...compressed, ...(once ? files.filter(isPattern) : [])];
  const found = names.flatMap((name) => {
    const matches = isPattern(name) ? globSync(name).filter((file) => file.endsWith('.gz')) : [];
    return matches.length > 0 || files.includes(name) ? matches : [name];
  });
  return [...new Set(found)];
}

/** @throws {StartupError} on a file that cannot be read */
async function sizesOf(paths: readonly string[]): Promise<Array<{ path: string; size: number }>> {
  return await Promise.all(
    paths.map(async (each) => {
      try {
        return { path: each, size: (await stat(each)).size };
      } catch (error) {
        throw new StartupError(`${each} cannot be read: ${reasonOf(error)}.`);
      }
    }),
  );
}

function behind(set: FileSet | StreamSet): number {
  let bytes = 0;
  for (const input of set.inputs()) bytes += input.behind();
  return bytes;
}

function shareOf(sets: ReadonlyArray<FileSet | StreamSet>): number | undefined {
  const shares = sets.map((set) => set.share()).filter((share) => share !== undefined);
  return shares.length === 0 ? undefined : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

async function giveUpAfter(milliseconds: number, giveUp: AbortController): Promise<void> {
  await sleep(milliseconds, undefined, { ref: false });
  giveUp.abort();
}

/** Resolves once the message is on its way: the process ends soon. */
async function tellParent(message: object): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.connected === true) process.send?.(message, undefined, undefined, () => resolve());
  else resolve();
  await promise;
}
