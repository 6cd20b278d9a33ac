import { getHeapStatistics } from 'node:v8';
import { type Spread, spreadOf } from '../shared/statistics.ts';

/** One way to record one thing, in a loop of its own: V8 optimizes each for what it is given, as at a caller's. */
export interface RecordCall {
  name: string;
  /** Whether the service records so. */
  ours: boolean;
  run: (times: number) => void;
}

export interface RecordFigures {
  name: string;
  ours: boolean;
  /** Nanoseconds per call, the loop around it included. */
  time: Spread;
  /** Bytes per call, that the garbage collector has to find again. */
  allocated: number;
}

/** Seconds. Long enough for what little the clock and the start of the loop cost to vanish. */
const roundLength = 0.02;

/** All calls in every round, the order turned round from one to the next: none always follows the same other. */
export function measureRecording(calls: readonly RecordCall[], rounds: number): RecordFigures[] {
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
  }
  return subjects.map(({ name, ours: own, measured, bytes, times }) => ({
    name,
    ours: own,
    time: spreadOf(measured),
    allocated: bytes / times / rounds,
  }));
}

/** @returns how many calls a round has room for, once V8 has optimized them */
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
