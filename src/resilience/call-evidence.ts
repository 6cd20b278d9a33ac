/** How the calls of a window ended. Calls in flight are counted, but have not ended either way. */
export interface Tally {
  calls: number;
  failures: number;
  successes: number;
}

/** The calls of a rolling window: all together, and by what a failure could be blamed on besides the called side. */
export interface CallEvidence {
  started(causes: readonly string[]): void;
  ended(failed: boolean, causes: readonly string[]): void;
  total(): Readonly<Tally>;
  /** How the calls without this cause ended. */
  without(cause: string): Tally;
  /** The causes that every failure shares. */
  shared(): string[];
  /** The causes of the failures. */
  failing(): Array<[cause: string, tally: Readonly<Tally>]>;
  /** Drops the oldest bucket of the window. */
  rotate(): void;
  clear(): void;
}

/** Causes beyond this number are counted, but cannot be told apart: a client must not fill the memory with names. */
const mostCauses = 2000;

interface Bucket {
  total: Tally;
  byCause: Map<string, Tally>;
}

const nothing = (): Tally => ({ calls: 0, failures: 0, successes: 0 });
const emptyBucket = (): Bucket => ({ total: nothing(), byCause: new Map() });

/** @param size number of buckets in the window */
export function createCallEvidence(size: number): CallEvidence {
  let window: Bucket[] = [emptyBucket()];
  let sum = emptyBucket();

  function add(what: keyof Tally, causes: readonly string[]): void {
    for (const { total, byCause } of [sum, ...window.slice(-1)]) {
      total[what] += 1;
      for (const cause of causes) {
        const tally = byCause.get(cause);
        if (tally !== undefined) tally[what] += 1;
        else if (sum.byCause.has(cause) || sum.byCause.size < mostCauses)
          byCause.set(cause, { ...nothing(), [what]: 1 });
      }
    }
  }

  return {
    started: (causes) => add('calls', causes),
    ended: (failed, causes) => add(failed ? 'failures' : 'successes', causes),
    total: () => sum.total,
    without: (cause) => difference(sum.total, sum.byCause.get(cause) ?? nothing()),
    shared: () =>
      [...sum.byCause].flatMap(([cause, { failures }]) => (failures === sum.total.failures ? cause : [])),
    failing: () => [...sum.byCause].filter(([, { failures }]) => failures > 0),
    rotate() {
      window.push(emptyBucket());
      if (window.length <= size) return;
      const oldest = window.shift() ?? emptyBucket();
      sum.total = difference(sum.total, oldest.total);
      for (const [cause, tally] of oldest.byCause) {
        const rest = difference(sum.byCause.get(cause) ?? nothing(), tally);
        if (rest.calls > 0 || rest.failures > 0 || rest.successes > 0) sum.byCause.set(cause, rest);
        else sum.byCause.delete(cause);
      }
    },
    clear() {
      window = [emptyBucket()];
      sum = emptyBucket();
    },
  };
}

function difference(one: Tally, other: Tally): Tally {
  return {
    calls: one.calls - other.calls,
    failures: one.failures - other.failures,
    successes: one.successes - other.successes,
  };
}
