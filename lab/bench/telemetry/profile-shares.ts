import type { Profiler } from 'node:inspector';

/** The owner of a function is the first that fits. */
const owners: ReadonlyArray<readonly [owner: string, fits: (url: string, name: string) => boolean]> = [
  ['garbage collection', (_url, name) => name === '(garbage collector)'],
  // The profiler itself.
  ['', (url, name) => name === '(idle)' || url === 'node:inspector'],
  ['writing to sockets', (url, name) => url === '' && /^(write|shutdown)/.test(name)],
  ['encoding spans', (url) => /\/src\/telemetry\/(otlp|sdk)\//.test(url)],
  ['our spans, metrics and logs', (url) => url.includes('/src/telemetry/')],
  ['OpenTelemetry', (url) => url.includes('/node_modules/@opentelemetry/')],
  ['pino', (url) => /\/node_modules\/(pino|safe-stable-stringify|quick-format-unescaped)/.test(url)],
  ['prom-client', (url) => url.includes('/node_modules/prom-client/')],
  ['the other libraries', (url) => url.includes('/node_modules/')],
  ['the service itself', (url) => url.startsWith('file:')],
  ['Node', (url) => url.startsWith('node:')],
];
const rest = 'V8 and native code';

/** The share of each owner in the time of a profile. */
function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const ownerOf = new Map(nodes.map(({ id, callFrame }) => [id, ownerOfFrame(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const owner = ownerOf.get(id) ?? rest;
    if (owner !== '') times.set(owner, (times.get(owner) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return new Map([...times].map(([owner, time]) => [owner, time / total]));
}

function ownerOfFrame({ url, functionName }: Profiler.Profile['nodes'][number]['callFrame']): string {
  return owners.find(([, fits]) => fits(url, functionName))?.[0] ?? rest;
}

/** Microseconds per request that one owner takes. */
export interface CpuByOwner {
  owner: string;
  before: number;
  after: number;
}

/** @param before, after a profile each, with the total CPU per request in microseconds */
export function compareProfiles(
  before: { profile: Profiler.Profile; cpuPerRequest: number },
  after: { profile: Profiler.Profile; cpuPerRequest: number },
): CpuByOwner[] {
  const [sharesBefore, sharesAfter] = [sharesOf(before.profile), sharesOf(after.profile)];
  const names = new Set([...sharesBefore.keys(), ...sharesAfter.keys()]);
  return [...names]
    .map((owner) => ({
      owner,
      before: (sharesBefore.get(owner) ?? 0) * before.cpuPerRequest,
      after: (sharesAfter.get(owner) ?? 0) * after.cpuPerRequest,
    }))
    .toSorted((a, b) => b.after - b.before - (a.after - a.before));
}
