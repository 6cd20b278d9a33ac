import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchFailure } from '../shared/failure.ts';
import { type Answers, type Phase, type Step, unanswered } from './phase.ts';
import { type BenchProcess, root } from '../shared/processes.ts';
import { quantile } from '../shared/statistics.ts';

/** How a service fares at a multiple of its capacity. Rates per second, times in milliseconds, memory in bytes. */
export interface Outcome {
  multiple: number;
  /** What was to be sent, and what was. */
  planned: number;
  sent: number;
  /** By how much the generator was behind its clock. */
  late: Latency;
  /** Answers of 201: the order is paid. */
  goodput: number;
  accepted: Latency;
  /** Answers of 202: the order is stored, and a worker is to charge it. */
  leftPending: number;
  /** Answers of 429. */
  shed: number;
  shedLatency: Latency;
  /** Answers of 5xx. */
  failed: number;
  /** Connections that broke before the answer. */
  lost: number;
  /** Clients that hung up after two seconds. */
  gaveUp: number;
  /** After the burst; nothing where the service did not recover for as long as it was watched. */
  recovery: number | undefined;
  memory: { before: number; most: number; after: number };
}

/** Not a number where there was nothing to measure. */
export interface Latency {
  p50: number;
  p99: number;
}

/** Seconds of usual load before the burst, in which V8 optimizes, and after it. */
const before = 5;
const after = 5;
/** Milliseconds. */
const memoryInterval = 250;

export class LoadGenerator implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(path.join(root, 'lab/bench/overload/generator.ts'), { detached: true });
  }

  /** @throws {BenchFailure} where it ends, or does not come to an end */
  async run(phase: Phase, signal: AbortSignal): Promise<Answers> {
    const seconds = phase.steps.reduce((sum, step) => sum + step.seconds, 0);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000 + patience)]);
    this.#child.send(phase);
    try {
      const [answers] = await once(this.#child, 'message', { signal: limit });
      return answers as Answers;
    } catch (error) {
      signal.throwIfAborted();
      throw new BenchFailure('The load generator does not come to an end.', { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** Milliseconds between the end of a phase and the last answer, where all is well. */
const patience = 10_000;

/** A usual load, a burst of a multiple of the capacity, and the usual load again. */
export async function measureBurst(
  generator: LoadGenerator,
  service: BenchProcess,
  plan: { usual: number; burst: number; multiple: number; seconds: number },
  signal: AbortSignal,
): Promise<Outcome & { afterBurst: Window[] }> {
  const steps: Step[] = [
    { rate: plan.usual, seconds: before },
    { rate: plan.burst, seconds: plan.seconds },
    { rate: plan.usual, seconds: after },
  ];
  const memory: Array<{ at: number; bytes: number }> = [];
  const startedAt = performance.now();
  const ended = new AbortController();
  const watching = (async () => {
    while (!ended.signal.aborted) {
      memory.push({ at: performance.now() - startedAt, bytes: await service.memory() });
      await delay(memoryInterval, undefined, { signal: ended.signal }).catch(() => {});
    }
  })();
  const running = generator.run({ url: service.url, steps }, signal).finally(() => ended.abort());
  const [answers] = await Promise.all([running, watching]);

  const burst: Span = { from: before * 1000, to: (before + plan.seconds) * 1000 };
  const end = burst.to + after * 1000;
  const bytesIn = (from: number, to: number) =>
    memory.filter(({ at }) => at >= from && at < to).map(({ bytes }) => bytes);
  return {
    multiple: plan.multiple,
    ...outcomeOf(answers, burst, plan),
    recovery: undefined,
    memory: {
      before: bytesIn(0, burst.from).at(-1) ?? Number.NaN,
      most: Math.max(...bytesIn(burst.from, end)),
      after: memory.at(-1)?.bytes ?? Number.NaN,
    },
    afterBurst: windowsOf(answers, { from: burst.to, to: end }),
  };
}

interface Span {
  from: number;
  to: number;
}

function outcomeOf(answers: Answers, span: Span, { burst, seconds }: { burst: number; seconds: number }) {
  const inSpan = (due: number | undefined) => due !== undefined && due >= span.from && due < span.to;
  const seen = answers.statuses.flatMap((status, index) =>
    inSpan(answers.due[index])
      ? [{ status, latency: answers.latencies[index] ?? Number.NaN, late: answers.late[index] ?? Number.NaN }]
      : [],
  );
  const those = (matches: (status: number) => boolean) => seen.filter(({ status }) => matches(status));
  const rate = (matches: (status: number) => boolean) => those(matches).length / seconds;
  const latencyOf = (matches: (status: number) => boolean) =>
    summaryOf(those(matches).map(({ latency }) => latency));
  return {
    planned: burst,
    sent: seen.length / seconds,
    late: summaryOf(seen.map(({ late }) => late)),
    goodput: rate((status) => status === 201),
    accepted: latencyOf((status) => status === 201),
    leftPending: rate((status) => status === 202),
    shed: rate((status) => status === 429),
    shedLatency: latencyOf((status) => status === 429),
    failed: rate((status) => status >= 500),
    lost: rate((status) => status === unanswered.lost),
    gaveUp: rate((status) => status === unanswered.gaveUp),
  };
}

function summaryOf(latencies: readonly number[]): Latency {
  if (latencies.length === 0) return { p50: Number.NaN, p99: Number.NaN };
  const sorted = latencies.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** A quarter of a second after the burst. */
export interface Window {
  p99: number;
  /** Whether each of its requests was answered with 201. */
  whole: boolean;
}

/** Milliseconds. */
const windowLength = 250;

function windowsOf(answers: Answers, { from, to }: Span): Window[] {
  return Array.from({ length: (to - from) / windowLength }, (_, index) => {
    const start = from + index * windowLength;
    const indexes = [...answers.due.keys()].filter((each) => {
      const due = answers.due[each] ?? Number.NaN;
      return due >= start && due < start + windowLength;
    });
    return {
      p99: summaryOf(indexes.map((each) => answers.latencies[each] ?? Number.NaN)).p99,
      whole: indexes.length > 0 && indexes.every((each) => answers.statuses[each] === 201),
    };
  });
}

/** Milliseconds after the burst from which on every window was as it should be. */
export function recoveryOf(windows: readonly Window[], longest: number): number | undefined {
  const last = windows.findLastIndex(({ p99, whole }) => !whole || p99 > longest);
  return last === windows.length - 1 ? undefined : (last + 1) * windowLength;
}

/** The middle one of each figure: a disturbance of the machine spoils a round, and seldom the same figure of the others. */
export function medianOf(rounds: readonly [Outcome, ...Outcome[]]): Outcome {
  const middle = (of: (outcome: Outcome) => number) => {
    const values = rounds.map(of).filter((value) => !Number.isNaN(value));
    return values.length === 0
      ? Number.NaN
      : quantile(
          values.toSorted((a, b) => a - b),
          0.5,
        );
  };
  const latency = (of: (outcome: Outcome) => Latency): Latency => ({
    p50: middle((outcome) => of(outcome).p50),
    p99: middle((outcome) => of(outcome).p99),
  });
  const recovery = middle((outcome) => outcome.recovery ?? Infinity);
  return {
    multiple: rounds[0].multiple,
    planned: rounds[0].planned,
    sent: middle(({ sent }) => sent),
    late: latency(({ late }) => late),
    goodput: middle(({ goodput }) => goodput),
    accepted: latency(({ accepted }) => accepted),
    leftPending: middle(({ leftPending }) => leftPending),
    shed: middle(({ shed }) => shed),
    shedLatency: latency(({ shedLatency }) => shedLatency),
    failed: middle(({ failed }) => failed),
    lost: middle(({ lost }) => lost),
    gaveUp: middle(({ gaveUp }) => gaveUp),
    recovery: Number.isFinite(recovery) ? recovery : undefined,
    memory: {
      before: middle(({ memory }) => memory.before),
      most: middle(({ memory }) => memory.most),
      after: middle(({ memory }) => memory.after),
    },
  };
}
