import type { HeapProfiler, Profiler } from 'node:inspector';

/** Functions named in a message. */
const mostNamed = 5;
/** Smallest share that is worth a line. */
const leastShare = 0.02;

/**
 * Where a profile's time or memory is, one line per function, the largest share first. The last line of a CPU profile is the
 * idle time: much of it says that the time is spent elsewhere.
 */
export function hottestOf(kind: 'cpu' | 'heap', profile: unknown): string[] {
  const shares =
    kind === 'cpu'
      ? cpuShares(profile as Profiler.Profile)
      : heapShares(profile as HeapProfiler.SamplingHeapProfile);
  const total = [...shares.values()].reduce((sum, value) => sum + value, 0);
  const isIdle = ([name]: [string, number]) => name === '(idle)';
  const functions = [...shares].filter((each) => !isIdle(each)).toSorted(([, a], [, b]) => b - a);
  return [...functions.slice(0, mostNamed), ...[...shares].filter(isIdle)]
    .filter(([, value]) => value / total >= leastShare)
    .map(([name, value]) => `${((100 * value) / total).toFixed(0)} % ${name}`);
}

/** Self time. */
function cpuShares({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  // The start of the profiler itself takes a tenth of a second, and much more on a busy machine.
  const names = new Map(
    nodes.flatMap(({ id, callFrame }) =>
      callFrame.url === 'node:inspector' ? [] : [[id, nameOf(callFrame)] as const],
    ),
  );
  const shares = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id);
    if (name !== undefined) add(shares, name, Math.max(0, timeDeltas[index] ?? 0));
  }
  return shares;
}

function heapShares({ head }: HeapProfiler.SamplingHeapProfile): Map<string, number> {
  const shares = new Map<string, number>();
  // The tree is as deep as the deepest stack, so it is walked with a list and not by recursion.
  const waiting = [head];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.selfSize > 0) add(shares, nameOf(node.callFrame), node.selfSize);
    waiting.push(...node.children);
  }
  return shares;
}

function add(shares: Map<string, number>, name: string, value: number): void {
  shares.set(name, (shares.get(name) ?? 0) + value);
}

function nameOf({ functionName, url, lineNumber }: Profiler.Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const file = url.split('/').slice(-2).join('/');
  return (file === '' ? name : `${name} (${file}:${lineNumber + 1})`).slice(0, 200);
}
