import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { BenchFailure } from '../shared/failure.ts';
import { root } from '../shared/processes.ts';
import type { Answers, Phase } from './phase.ts';

/** A request that was sent, and its outcome. Milliseconds. */
export interface Sent {
  /** From the start of the phase. */
  due: number;
  /** By how much it was sent later than due. */
  late: number;
  latency: number;
  /** HTTP status, or one of `unanswered`. */
  status: number;
}

/** Milliseconds that a phase may take beyond its steps. */
const patience = 10_000;

/** The generator's process. */
export class LoadGenerator implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(path.join(root, 'lab/bench/overload/generator.ts'), { detached: true });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws {BenchFailure} if the generator dies or does not finish in time */
  async run(phase: Phase, signal: AbortSignal): Promise<Sent[]> {
    const seconds = phase.steps.reduce((sum, step) => sum + step.seconds, 0);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000 + patience)]);
    this.#child.send(phase);
    try {
      const [answers] = (await once(this.#child, 'message', { signal: limit })) as [Answers];
      return rowsOf(answers);
    } catch (error) {
      signal.throwIfAborted();
      throw new BenchFailure('The load generator did not finish in time.', { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

function rowsOf({ due, late, latencies, statuses }: Answers): Sent[] {
  return statuses.map((status, index) => ({
    status,
    due: due[index] ?? Number.NaN,
    late: late[index] ?? Number.NaN,
    latency: latencies[index] ?? Number.NaN,
  }));
}
