import type { Reply } from './customers.ts';
import { type Bar, duringFault, type Evidence, exampleTrace, percentile, toWaterfall } from './evidence.ts';
import { describeFault, describeSurroundings, type Experiment, heartbeat } from './experiment.ts';
import type { CircuitState, Sampling } from './sampling.ts';
import { type Check, count, firing, nameOf } from './verify.ts';

/** The result of an experiment, as written to the report. Times in seconds from its start. */
export interface ExperimentResult {
  name: string;
  title: string;
  story: string;
  faults: string[];
  /** The differences from one replica with default settings. */
  surroundings: string[];
  claim: string;
  look: Experiment['look'];
  /** The reason if no alert is expected to fire. */
  undetected?: string;
  verdict: 'held' | 'failed' | 'skipped';
  /** Only if it was skipped. */
  reason?: string;
  checks: Check[];
  moments?: { faultSet: number; faultCleared: number; recovered?: number; settled?: number; ended: number };
  /** Counts during the fault. */
  answers?: Record<string, number>;
  timeline?: TimelinePoint[];
  alerts?: FiredAlert[];
  trace?: { id: string; bars: Bar[] };
}

/** One second of a run. */
export interface TimelinePoint {
  at: number;
  /** This and the next four: answers a second. */
  paid: number;
  pending: number;
  declined: number;
  refused: number;
  lost: number;
  /** Milliseconds; undefined if there was no answer. */
  p50?: number;
  p99?: number;
  circuit?: CircuitState;
  /** Pending orders, as the service counts them. */
  backlog?: number;
}

export interface FiredAlert {
  alert: string;
  expected: boolean;
  /** Minutes from the start of the fault, in the rules' time; negative if it fired before. */
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

/** The experiment threw: a part of its environment, or of the harness, failed. */
export function broken(experiment: Experiment, error: unknown): ExperimentResult {
  const seen = error instanceof Error ? error.message : String(error);
  const check: Check = { about: 'steady', claim: 'the experiment runs to its end', seen, verdict: 'failed' };
  return { ...describe(experiment), verdict: 'failed', checks: [check] };
}

/** A fault proves nothing about a system that did not work before it. */
export function unsteady(
  experiment: Experiment,
  options: {
    replies: readonly Reply[];
    sampling: Pick<Sampling, 'samples'>;
    started: number;
    steady: boolean;
    /** Whether an alert would have been seen; undefined if alerts are not checked. */
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
    seen: watched ? 'both' : 'not in time',
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
  const trace = hypothesis.trace && spans && exampleTrace(spans, hypothesis.trace);
  const during = duringFault(evidence, ['customers', 'surge']);
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
