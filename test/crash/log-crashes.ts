import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { logsRequest } from '../../lab/console/otlp/messages.ts';
import { decode } from '../../lab/console/otlp/protobuf.ts';
import { startLogs } from '../../lab/harness/logs-process.ts';

/**
 * Kills the log processor with SIGKILL at random moments, while a program writes numbered lines and rotates its file, and a
 * receiver is slow and sometimes refuses. Every line must arrive, and only lines beyond the checkpoint may arrive again.
 */

export interface CrashReport {
  kills: number;
  lines: number;
  rotations: number;
  /** Lines that never arrived. */
  missing: number;
  /** Lines that arrived again, though the checkpoint had them. */
  beforeCheckpoint: number;
  /** Lines that arrived more than once, in all, and most after one kill. */
  repeated: number;
  mostRepeated: number;
}

/** Bytes of a line, all alike, so that an offset tells a number. */
const lineLength = 64;
const lineOf = (number: number): string =>
  `${`{"level":"info","service":"orders","message":"${number}"}`.padEnd(lineLength - 1)}\n`;

/** Lines per write, and milliseconds between two. */
const burst = 20;
const pause = 5;
const linesPerFile = 2000;
/** Lines that are written and have not arrived. */
const mostAhead = 3 * linesPerFile;
/** Requests of a process before it is killed. */
const mostRequests = 12;
/** Milliseconds without a new line. */
const patience = 60_000;

const settings = {
  LOGS_BATCH_SIZE: '50',
  LOGS_BATCH_DELAY: '20ms',
  LOGS_IN_FLIGHT: '4',
  LOGS_POLL_INTERVAL: '10ms',
  LOGS_ROTATED_WAIT: '300ms',
};

export async function proveCrashes(options: {
  kills: number;
  random: () => number;
  progress?: (sentence: string) => void;
  /** Ends with a report of the kills so far. */
  signal?: AbortSignal;
}): Promise<CrashReport> {
  const { kills, random, signal } = options;
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-log-crashes-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const checkpoint = path.join(folder, 'checkpoint.json');
  const receiver = await startReceiver(random);
  started.defer(() => receiver.close());
  const writer = startWriter(path.join(folder, 'orders.log'), receiver.seen);
  started.defer(async () => void (await writer.stop()));

  // With the rotated files: some come and go between two starts.
  const args = [path.join(folder, 'orders.log*'), '--to', receiver.url, '--checkpoint', checkpoint];
  const report = { kills: 0, beforeCheckpoint: 0, mostRepeated: 0 };
  for (let kill = 1; kill <= kills; kill += 1) {
    if (signal?.aborted) break;
    const before = receiver.requests();
    await using logs = startLogs(args, settings);
    // It may die before, during and after its first requests, however fast the machine is.
    if (random() < 0.8) await receiver.reaches(before + Math.floor(random() * mostRequests), signal);
    await sleep(random() * 100);
    logs.child.kill('SIGKILL');
    await logs.ended;
    report.kills = kill;
    receiver.nextRun(await committed(checkpoint, writer.firstOf));
    options.progress?.(
      `kill ${kill} of ${kills}: ${receiver.requests() - before} requests, ${receiver.seen()} lines so far`,
    );
  }
  const lines = await writer.stop();
  await using last = startLogs(args, settings);
  // What does not come any more is missing.
  let [seen, at] = [receiver.seen(), performance.now()];
  while (receiver.seen() < lines && performance.now() - at < patience) {
    if (receiver.seen() > seen) [seen, at] = [receiver.seen(), performance.now()];
    await sleep(20);
  }
  last.child.kill('SIGTERM');
  await last.ended;
  return {
    ...report,
    lines,
    rotations: writer.rotations(),
    missing: lines - receiver.seen(),
    ...receiver.repeats(),
  };
}

/** Lines that the checkpoint has, by number. */
async function committed(
  checkpoint: string,
  firstOf: ReadonlyMap<string, number>,
): Promise<(line: number) => boolean> {
  const text = await readFile(checkpoint, 'utf8').catch(() => '{"files":[]}');
  const { files } = JSON.parse(text) as { files: Array<{ id: string; offset: number }> };
  const ranges = files.map(({ id, offset }) => {
    const first = firstOf.get(id) ?? 0;
    return { first, end: first + offset / lineLength };
  });
  return (line) => ranges.some(({ first, end }) => line >= first && line < end);
}

/** @param seen how many lines have arrived: the writer does not get further ahead than a restart can catch up with */
function startWriter(file: string, seen: () => number) {
  const firstOf = new Map<string, number>();
  const stopped = new AbortController();
  let [next, rotations] = [0, 0];

  async function write(): Promise<void> {
    let inFile = 0;
    while (!stopped.signal.aborted) {
      if (next - seen() > mostAhead) {
        await sleep(pause);
        continue;
      }
      const lines = Array.from({ length: burst }, (_, index) => lineOf(next + index)).join('');
      // In two pieces, within a line.
      await appendFile(file, lines.slice(0, 500));
      const { dev, ino } = await stat(file);
      if (inFile === 0) firstOf.set(`${dev}:${ino}`, next);
      await appendFile(file, lines.slice(500));
      next += burst;
      inFile += burst;
      if (inFile >= linesPerFile) {
        rotations += 1;
        inFile = 0;
        await rename(file, `${file}.${rotations}`);
      }
      await sleep(pause);
    }
  }

  const writing = write();
  return {
    firstOf,
    rotations: () => rotations,
    /** @returns the number of lines */
    async stop(): Promise<number> {
      stopped.abort();
      await writing;
      return next;
    },
  };
}

async function startReceiver(random: () => number) {
  const times = new Map<number, number>();
  let isCommitted: (line: number) => boolean = () => false;
  let [requests, beforeCheckpoint, ofRun, mostRepeated] = [0, 0, 0, 0];

  const server = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      requests += 1;
      await sleep(random() * 20);
      if (random() < 0.1) {
        response.writeHead(503, { 'retry-after': '0' }).end();
        return;
      }
      for (const { body: text } of decode(logsRequest, gunzipSync(body))) {
        const number = Number(text);
        if (times.has(number)) ofRun += 1;
        if (isCommitted(number)) beforeCheckpoint += 1;
        times.set(number, (times.get(number) ?? 0) + 1);
      }
      mostRepeated = Math.max(mostRepeated, ofRun);
      // Some answers come after the kill: the receiver has the lines, and the sender does not know.
      response.end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: () => times.size,
    requests: () => requests,
    /** Resolves after so many requests, in all. */
    async reaches(count: number, signal: AbortSignal | undefined): Promise<void> {
      const deadline = performance.now() + patience;
      const isOver = () => requests >= count || performance.now() > deadline || signal?.aborted;
      while (!isOver()) await sleep(2);
    },
    nextRun(committedNow: (line: number) => boolean) {
      isCommitted = committedNow;
      ofRun = 0;
    },
    repeats: () => ({
      beforeCheckpoint,
      mostRepeated,
      repeated: times.values().reduce((sum, count) => sum + count - 1, 0),
    }),
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
