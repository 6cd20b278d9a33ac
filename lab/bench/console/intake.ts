import { request } from 'undici';
import { BenchFailure } from '../shared/failure.ts';
import { type Batch, batches, type Kind, kinds } from './batches.ts';
import type { Build } from './builds.ts';

/** Requests in flight: the console always has one to read. */
const inFlight = 2;
const mebibyte = 1_048_576;
/** Unmeasured share at the start: a console that was idle while another was measured is slower at first. */
const leadIn = 0.25;

/** Sends so many records of each kind, as fast as they are taken. */
export async function measureIntake(
  { process: running, costs, memory }: Pick<Build, 'process' | 'costs' | 'memory'>,
  records: number,
  signal: AbortSignal,
): Promise<void> {
  for (const kind of kinds) {
    await sendAll(running.url, kind, leadIn * records, signal);
    const before = await running.cpuTime();
    await sendAll(running.url, kind, records, signal);
    costs[kind].push(((await running.cpuTime()) - before) / records);
  }
  memory.push((await running.memory()) / mebibyte);
}

async function sendAll(url: string, kind: Kind, records: number, signal: AbortSignal): Promise<void> {
  let left = records;
  async function sendOneAfterAnother(): Promise<void> {
    const own = batches[kind]();
    while (left > 0) {
      signal.throwIfAborted();
      left -= own.records;
      await send(url, own);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, sendOneAfterAnother));
}

async function send(url: string, batch: Batch): Promise<void> {
  const { statusCode, body } = await request(url + batch.path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: batch.next(),
  });
  const answer = await body.text();
  // A partial success would not be empty.
  if (statusCode !== 200 || answer !== '')
    throw new BenchFailure(`The console answered ${statusCode}: ${answer}`);
}

/** Records a second of a service that places 1,000 orders a second, with six spans and a line each. */
const rates: Readonly<Record<Kind, number>> = { spans: 6000, lines: 1000, points: 200 };
/** Milliseconds between two looks at what is due. */
const interval = 20;

/** Sends telemetry at the pace of a service during the work. @returns what the work returns */
export async function whileSending<T>(url: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const flows = kinds.map((kind) => ({ batch: batches[kind](), rate: rates[kind], sent: 0 }));
  let sending = Promise.resolve();
  const timer = setInterval(() => {
    const seconds = (performance.now() - start) / 1000;
    for (const flow of flows) {
      if (flow.sent > seconds * flow.rate) continue;
      flow.sent += flow.batch.records;
      sending = sending.then(() => send(url, flow.batch));
      // It is thrown after the work.
      sending.catch(() => clearInterval(timer));
    }
  }, interval);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await sending;
  }
}
