import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../shared/command.ts';
import { type Backends, hasTrace, newestTrace, query, valueOf } from './backends.ts';
import { type Container, inspectContainers, logSize, type Memory, readMemory } from './containers.ts';
import { watchLogs, type Written } from './log-lines.ts';

/** What was seen of a container. */
export interface Observed {
  name: string;
  /** Bytes. */
  limit: number;
  /** The highest since its start, of all its samples. */
  peak: number;
  own: number;
  limitMet: number;
  restarts: number;
  killedForMemory: boolean;
  /** Samples in which it was not healthy. */
  unhealthy: number;
  lines: number;
  errors: number;
  examples: string[];
  /** Bytes of log files at the end, and at most. */
  logBytes: number;
  highestLogBytes: number;
  /** The highest of each minute. */
  samples: MemorySample[];
}

interface MemorySample {
  minute: number;
  usage: number;
  own: number;
}

export interface Traces {
  /** How many were kept by tail sampling. */
  kept: number;
  /** Of one kept trace a minute: how many Jaeger was asked for, and how many it still has. */
  remembered: number;
  found: number;
  /** Minutes since the oldest that it still has. */
  oldestMinutes: number;
}

export interface Observation {
  minutes: number;
  containers: Observed[];
  traces: Traces;
  /** Requests by the status of the answer that the proxy sent, such as `2xx`. */
  answers: Record<string, number>;
}

/** Seconds between two samples. */
const interval = 10;

/** Watches the containers of a project under the traffic that they have. */
export async function observe(
  project: string,
  backends: Backends,
  minutes: number,
  signal: AbortSignal,
): Promise<Observation> {
  const startedAt = Date.now();
  const logs = watchLogs(project);
  const seen = new Map<string, Observed>();
  const remembered: Array<{ id: string; at: number }> = [];
  try {
    for (let number = 0; ; number += 1) {
      const seconds = (Date.now() - startedAt) / 1000;
      await sample(project, seconds, seen);
      if (number % (60 / interval) === 0) {
        const newest = await newestTrace(backends);
        if (newest && !remembered.some(({ id }) => id === newest.id)) remembered.push(newest);
        if (number % (300 / interval) === 0) say(progress(seconds, seen, logs.written));
      }
      if (seconds >= minutes * 60) break;
      await sleep(interval * 1000, undefined, { signal });
    }
    for (const [name, { lines, errors, examples }] of logs.written) {
      const entry = seen.get(name);
      if (entry) Object.assign(entry, { lines, errors, examples });
    }
    const traces = await tracesOf(backends, remembered);
    return { minutes, containers: [...seen.values()], traces, answers: await answersOf(backends, minutes) };
  } finally {
    logs.close();
  }
}

async function sample(project: string, seconds: number, seen: Map<string, Observed>): Promise<void> {
  for (const container of await inspectContainers(project)) {
    const entry = seen.get(container.name) ?? newEntry(container);
    seen.set(container.name, entry);
    const ended = container.pid === 0 && container.exitCode === 0;
    if (!ended && !['healthy', 'none'].includes(container.health)) entry.unhealthy += 1;
    entry.restarts = Math.max(entry.restarts, container.restarts);
    entry.killedForMemory ||= container.killedForMemory;
    entry.logBytes = await logSize(container);
    entry.highestLogBytes = Math.max(entry.highestLogBytes, entry.logBytes);
    const memory = container.pid === 0 ? undefined : await readMemory(container.pid);
    if (memory) addMemory(entry, memory, seconds);
  }
}

const newEntry = ({ name, limit }: Container): Observed => ({
  name,
  limit,
  peak: 0,
  own: 0,
  limitMet: 0,
  restarts: 0,
  killedForMemory: false,
  unhealthy: 0,
  lines: 0,
  errors: 0,
  examples: [],
  logBytes: 0,
  highestLogBytes: 0,
  samples: [],
});

function addMemory(entry: Observed, { usage, own, peak, limitMet }: Memory, seconds: number): void {
  entry.peak = Math.max(entry.peak, peak);
  entry.own = Math.max(entry.own, own);
  entry.limitMet = Math.max(entry.limitMet, limitMet);
  const minute = Math.floor(seconds / 60);
  const last = entry.samples.at(-1);
  if (last?.minute !== minute) entry.samples.push({ minute, usage, own });
  else Object.assign(last, { usage: Math.max(last.usage, usage), own: Math.max(last.own, own) });
}

async function tracesOf(
  backends: Backends,
  remembered: ReadonlyArray<{ id: string; at: number }>,
): Promise<Traces> {
  const kept = await valueOf(
    backends,
    'sum(otelcol_processor_tail_sampling_global_count_traces_sampled{sampled="true"})',
  );
  let found = 0;
  let oldestMinutes = 0;
  for (const { id, at } of remembered) {
    if (!(await hasTrace(backends, id))) continue;
    found += 1;
    oldestMinutes = Math.max(oldestMinutes, (Date.now() - at) / 60_000);
  }
  return { kept, remembered: remembered.length, found, oldestMinutes };
}

async function answersOf(backends: Backends, minutes: number): Promise<Record<string, number>> {
  const expression = `sum by (code) (increase(haproxy_frontend_http_responses_total{proxy="api"}[${minutes}m]))`;
  const series = await query(backends, expression);
  return Object.fromEntries(
    series.map(({ metric, value }) => [metric['code'] ?? '', Math.round(Number(value[1]))]),
  );
}

function progress(
  seconds: number,
  seen: ReadonlyMap<string, Observed>,
  written: ReadonlyMap<string, Written>,
): string {
  const sum = (figure: (entry: Observed) => number) =>
    [...seen.values()].reduce((total, entry) => total + figure(entry), 0);
  const errors = [...written.values()].reduce((total, entry) => total + entry.errors, 0);
  return `after ${(seconds / 60).toFixed(0)} min: ${sum(({ restarts }) => restarts)} restarts, ${errors} lines at level error`;
}
