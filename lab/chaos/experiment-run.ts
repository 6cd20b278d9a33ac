import type { Reply } from './customers.ts';
import { type Bar, type Evidence, percentile, tellingTrace, toWaterfall } from './evidence.ts';
import { describeFault, describeSurroundings, type Experiment, heartbeat } from './experiment.ts';
import type { CircuitState, Sampling } from './sampling.ts';
import { type Check, count, firing, nameOf } from './verify.ts';

/** What became of an experiment, as the report has it. Seconds count from its start. */
export interface ExperimentResult {
  name: string;
  title: string;
  story: string;
  faults: string[];
  /** What differs from one replica with the defaults. */
  surroundings: string[];
  claim: string;
  look: Experiment['look'];
  /** Why no alert fires, where none does. */
  undetected?: string;
  verdict: 'held' | 'failed' | 'skipped';
  /** Why it was skipped. */
  reason?: string;
  checks: Check[];
  moments?: { faultSet: number; faultCleared: number; recovered?: number; settled?: number; ended: number };
  /** During the fault. */
  answers?: Record<string, number>;
  timeline?: TimelinePoint[];
  alerts?: FiredAlert[];
  trace?: { id: string; bars: Bar[] };
}

/** A second of it. */
export interface TimelinePoint {
  at: number;
  /** Answers a second. */
  paid: number;
  pending: number;
  declined: number;
  refused: number;
  lost: number;
  /** Milliseconds; missing where there was no answer. */
  p50?: number;
  p99?: number;
  circuit?: CircuitState;
  /** Orders, as the service counted them. */
  backlog?: number;
}

export interface FiredAlert {
  alert: string;
  expected: boolean;
  /** Minutes in the time of the rules from the beginning of the fault; below 0 it fired before. */
  afterMinutes: number;
  resolved: boolean;
}

function describe(experiment: Experiment) {
  const { name, title, story, faults, surroundings = {}, look, hypothesis } = experiment;
  return {
    name,
    title,
    story,
    look,
    faults: faults.map(describeFault),
    surroundings: describeSurroundings(surroundings),
    claim: hypothesis.claim,
    ...('undetected' in hypothesis.detection && { undetected: hypothesis.detection.undetected }),
  };
}

export function skipped(experiment: Experiment, reason: string): ExperimentResult {
  return { ...describe(experiment), verdict: 'skipped', reason, checks: [] };
}

/** It came to no end: a part of the stage, or of the rehearsal, did not do what it should. */
export function broken(experiment: Experiment, error: unknown): ExperimentResult {
  const seen = error instanceof Error ? error.message : String(error);
  const check: Check = { about: 'steady', claim: 'the rehearsal comes to its end', seen, verdict: 'failed' };
  return { ...describe(experiment), verdict: 'failed', checks: [check] };
}

/** Nothing is proven by a fault in what did not work before. */
export function unsteady(
  experiment: Experiment,
  options: {
    replies: readonly Reply[];
    sampling: Pick<Sampling, 'samples'>;
    started: number;
    steady: boolean;
    /** Whether alerts would be noticed; undefined where nobody looks for them. */
    watched: boolean | undefined;
  },
): ExperimentResult {
  const { replies, sampling, started, steady, watched } = options;
  const { orders, answers } = experiment.steady;
  const seen = Object.entries(count(replies.map(({ answer }) => answer))).map(
    ([answer, times]) => `${answer} × ${times}`,
  );
  const ended = performance.now();
  return {
    ...describe(experiment),
    verdict: 'failed',
    checks: [
      {
        about: 'steady',
        claim: `${orders} orders in a row are answered ${answers.join(' or ')} before the fault`,
        seen: seen.join(', ') || 'no answer at all',
        verdict: steady ? 'held' : 'failed',
      },
      ...(watched === undefined ? [] : [heartbeatCheck(watched)]),
    ],
    timeline: toTimeline({ replies, samples: sampling.samples, started, ended }),
  };
}

function heartbeatCheck(watched: boolean): Check {
  return {
    about: 'alerts',
    claim: `${heartbeat} fires, and the service is scraped, before the fault`,
    seen: watched ? 'so it is' : 'not in time',
    verdict: watched ? 'held' : 'failed',
  };
}

export function describeResult(
  experiment: Experiment,
  evidence: Evidence,
  checks: Check[],
): ExperimentResult {
  const { moments, replies, sampling, spans, alerts } = evidence;
  const { hypothesis } = experiment;
  const seconds = (at: number) => Math.round((at - moments.started) / 100) / 10;
  const trace = hypothesis.trace && spans && tellingTrace(spans, hypothesis.trace);
  const during = replies.filter(
    ({ from, sentAt }) => from !== 'others' && sentAt >= moments.faultSet && sentAt < moments.faultCleared,
  );
  return {
    ...describe(experiment),
    verdict: checks.some(({ verdict }) => verdict === 'failed') ? 'failed' : 'held',
    checks,
    moments: {
      faultSet: seconds(moments.faultSet),
      faultCleared: seconds(moments.faultCleared),
      ended: seconds(moments.ended),
      ...(moments.recovered !== undefined && { recovered: seconds(moments.recovered) }),
      ...(moments.settled !== undefined && { settled: seconds(moments.settled) }),
    },
    answers: count(during.map(({ answer }) => answer)),
    timeline: toTimeline({ replies, samples: sampling.samples, ...moments }),
    ...(alerts && { alerts: firedAlerts(experiment, { ...evidence, alerts }) }),
    ...(trace?.[0] && { trace: { id: trace[0].traceId, bars: toWaterfall(trace) } }),
  };
}

function firedAlerts(
  { hypothesis: { detection } }: Experiment,
  { alerts, moments }: Evidence & Required<Pick<Evidence, 'alerts'>>,
): FiredAlert[] {
  const claims = 'undetected' in detection ? [] : detection;
  const expected = new Set(claims.map((claim) => firing(alerts.histories, claim, moments.faultSet)));
  return alerts.histories
    .flatMap((history) => {
      const { alert, labels, firingAt, goneAt = Number.POSITIVE_INFINITY } = history;
      if (firingAt === undefined || alert === heartbeat || goneAt < moments.faultSet) return [];
      const { slo, signal, breaker, exporter } = labels;
      const shown = Object.fromEntries(
        Object.entries({ slo, signal, breaker, exporter }).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, value]],
        ),
      );
      return {
        alert: nameOf({ alert, labels: shown }),
        expected: expected.has(history),
        afterMinutes: Math.round(((firingAt - moments.faultSet) * alerts.scale) / 6000) / 10,
        resolved: Number.isFinite(goneAt),
      };
    })
    .toSorted((a, b) => a.afterMinutes - b.afterMinutes);
}

function toTimeline(options: {
  replies: readonly Reply[];
  samples: Sampling['samples'];
  started: number;
  ended: number;
}): TimelinePoint[] {
  const { replies, samples, started, ended } = options;
  const length = Math.max(0, Math.ceil((ended - started) / 1000));
  const secondOf = (at: number) => Math.floor((at - started) / 1000);
  const answered = Map.groupBy(
    replies.filter(({ from }) => from !== 'others'),
    ({ sentAt, duration }) => secondOf(sentAt + duration),
  );
  const sampled = Map.groupBy(samples, ({ at }) => secondOf(at));
  return Array.from({ length }, (_, at) => {
    const own = answered.get(at) ?? [];
    const of = (pattern: RegExp) => own.filter(({ answer }) => pattern.test(answer)).length;
    const durations = own.map(({ duration }) => duration);
    const last = sampled.get(at)?.at(-1);
    return {
      at,
      paid: of(/^201$/),
      pending: of(/^202$/),
      declined: of(/^402$/),
      refused: of(/^[45]\d\d /),
      lost: of(/^no answer$/),
      ...(own.length > 0 && {
        p50: Math.round(percentile(durations, 0.5)),
        p99: Math.round(percentile(durations, 0.99)),
      }),
      ...(last?.circuit && { circuit: last.circuit }),
      ...(last?.pending !== undefined && { backlog: last.pending }),
    };
  });
}
