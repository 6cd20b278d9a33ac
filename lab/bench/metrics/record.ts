import { setImmediate as turn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { say } from '../shared/command.ts';
import { type Spread, spreadOf } from '../shared/statistics.ts';

/** One way to record a value, with its own loop: V8 then optimizes each call site by itself, as in the service. */
export interface RecordCall {
  name: string;
  /** Whether the service records this way. */
  ours: boolean;
  run: (times: number) => void;
}

export interface RecordFigures {
  name: string;
  ours: boolean;
  /** Nanoseconds per call, including the loop. */
  time: Spread;
  /** Bytes allocated per call. */
  allocated: number;
}

/** Seconds. Long enough to make the cost of the clock and of the start of the loop negligible. */
const roundLength = 0.02;

/** Runs all calls in every round, in alternating order, so none always follows the same one. */
export async function measureRecording(
  calls: readonly RecordCall[],
  rounds: number,
  signal: AbortSignal,
): Promise<RecordFigures[]> {
  say('warming up');
  const subjects = calls.map((call) => ({
    ...call,
    times: warmUp(call),
    measured: [] as number[],
    bytes: 0,
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const before = getHeapStatistics().total_allocated_bytes;
      const start = process.hrtime.bigint();
      subject.run(subject.times);
      subject.measured.push(Number(process.hrtime.bigint() - start) / subject.times);
      subject.bytes += getHeapStatistics().total_allocated_bytes - before;
    }
    // Nothing else lets a Ctrl-C in.
    await turn();
    signal.throwIfAborted();
    say(`round ${round + 1} of ${rounds} of records`);
  }
  return subjects.map(({ name, ours: own, measured, bytes, times }) => ({
    name,
    ours: own,
    time: spreadOf(measured),
    allocated: bytes / times / rounds,
  }));
}

/** @returns the number of calls that fit a round after V8 has optimized them */
function warmUp({ run }: RecordCall): number {
  let times = 1000;
  for (;;) {
    const start = performance.now();
    run(times);
    const seconds = (performance.now() - start) / 1000;
    if (seconds > roundLength * 5) return Math.ceil((times * roundLength) / seconds);
    times *= 2;
  }
}
