import { setTimeout as delay } from 'node:timers/promises';
import { readBooks, watchSettlement } from './books.ts';
import { type Reply, startCustomers } from './customers.ts';
import type { Evidence, Moments } from './evidence.ts';
import { describeSurroundings, type Experiment } from './experiment.ts';
import { RollbackFailure } from './left-behind.ts';
import { inject, missingFor, type Rollback } from './faults.ts';
import { describeResult, type ExperimentResult, skipped, unsteady } from './experiment-run.ts';
import { type Sampling, startSampling } from './sampling.ts';
import { servingUrls, type Environment } from './environment.ts';
import { firing, verify } from './verify.ts';

export interface Pace {
  /** Orders a second, unless the experiment sets its own. */
  rate: number;
  /** The same seed draws the same orders. */
  seed: number;
  /** Duration of every fault; overrides the experiment's own. */
  seconds?: number;
  /** The fault lasts until every claim about answers, metrics, logs and traces holds, instead of for a fixed time. */
  untilSeen?: boolean;
  signal: AbortSignal;
  progress(state: Progress): void;
}

export type Phase = 'steady state' | 'fault' | 'recovery' | 'settlement';

/** State of a running experiment, for display. */
export interface Progress {
  phase: Phase;
  /** Seconds since the phase began. */
  seconds: number;
  replies: readonly Reply[];
  sampling: Pick<Sampling, 'samples'>;
}

/** Seconds after which a wait gives up. */
const limits = { steady: 30, seen: 20, grace: 10, customers: 15 };
/** Seconds of steady state in the plot before the fault. With `untilSeen` there are none. */
const calm = 4;
/** Milliseconds between two checks of a cheap condition. */
const lookInterval = 50;
/** Milliseconds between two checks of all claims, which read all evidence. */
const claimInterval = 200;

let runs = 0;

/**
 * Runs an experiment: steady state, fault, recovery, verdict. The faults are rolled back before it returns or throws, also
 * when the signal aborts it.
 */
export async function runExperiment(
  experiment: Experiment,
  environment: Environment,
  pace: Pace,
): Promise<ExperimentResult> {
  const missing = [
    ...(environment.replicas ? [] : describeSurroundings(experiment.surroundings ?? {}).map(notOurs)),
    ...experiment.faults.flatMap((fault) => missingFor(fault, environment) ?? []),
  ];
  if (missing.length > 0) return skipped(experiment, [...new Set(missing)].join('; '));
  runs += 1;
  const { hypothesis, steady, surroundings = {} } = experiment;
  const rate = surroundings.rate ?? pace.rate;
  const run = `chaos${Date.now()}x${runs}`;
  const replies: Reply[] = [];
  const moments: Moments = {
    started: performance.now(),
    faultSet: Number.POSITIVE_INFINITY,
    faultCleared: Number.POSITIVE_INFINITY,
    ended: Number.POSITIVE_INFINITY,
  };
  await using cleanUp = new AsyncDisposableStack();
  const sampling = startSampling(environment);
  cleanUp.defer(() => sampling.stop());
  const customers = startCustomers({
    urls: () => servingUrls(environment),
    rate,
    seed: pace.seed,
    run,
    apiKeys: environment.apiKeys,
    patient: surroundings.patient ?? true,
    onReply: (reply) => replies.push(reply),
  });
  cleanUp.defer(() => customers.close(0));

  let phase: Phase = 'steady state';
  let phaseStarted = moments.started;
  const enter = (next: Phase) => {
    phase = next;
    phaseStarted = performance.now();
  };
  const progressTimer = setInterval(() => {
    pace.progress({ phase, seconds: (performance.now() - phaseStarted) / 1000, replies, sampling });
  }, 1000);
  cleanUp.defer(() => clearInterval(progressTimer));

  /** Polls a condition. Resolves to whether it became true within this many seconds. */
  async function until(
    holds: () => boolean | Promise<boolean>,
    seconds: number,
    interval = lookInterval,
  ): Promise<boolean> {
    const giveUpAt = performance.now() + 1000 * seconds;
    while (performance.now() < giveUpAt) {
      pace.signal.throwIfAborted();
      if (await holds()) return true;
      await delay(interval, undefined, { signal: pace.signal });
    }
    return false;
  }

  const isSteady = (since: number) => () => {
    const last = replies
      .filter(({ from, sentAt }) => from === 'customers' && sentAt >= since)
      .slice(-steady.orders);
    return (
      last.length === steady.orders &&
      last.every(({ answer }) => steady.answers.includes(answer)) &&
      sampling.samples.at(-1)?.circuit === 'closed'
    );
  };

  const seconds = pace.seconds ?? experiment.seconds ?? 15;
  const steadyBefore = isSteady(moments.started);
  // If the rules were not evaluated yet, the start of the fault would be missed.
  const isReady = () => steadyBefore() && (environment.alerts?.isWatching() ?? true);
  if (!(await until(isReady, limits.steady))) {
    const { started } = moments;
    const seen = { steady: steadyBefore(), watched: environment.alerts?.isWatching() };
    return unsteady(experiment, { replies, sampling, started, ...seen });
  }
  if (!pace.untilSeen)
    await delay(Math.max(0, moments.started + 1000 * calm - performance.now()), undefined, pace);

  await sampling.look();
  sampling.startCounting();
  const spansBefore = environment.spans?.length ?? 0;
  const linesBefore = environment.replicas?.map((replica) => replica.lines().length);
  const evidence = (): Evidence => ({
    moments,
    replies,
    visits: customers.visits,
    sampling,
    findings: [],
    stored: new Map(),
    ...(environment.spans && { spans: environment.spans.slice(spansBefore) }),
    ...(environment.replicas && {
      lines: environment.replicas.flatMap((replica, index) =>
        replica.lines().slice(linesBefore?.[index] ?? 0),
      ),
    }),
    ...(environment.receiver && { captures: environment.receiver.captures() }),
    ...(environment.alerts && {
      alerts: { histories: environment.alerts.histories(), scale: environment.alerts.scale },
    }),
  });

  enter('fault');
  moments.faultSet = performance.now();
  const rollbacks: Rollback[] = [];
  const rollBack = async () => {
    const failures: unknown[] = [];
    for (const rollback of rollbacks.splice(0).toReversed()) {
      await rollback().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new RollbackFailure(failures);
  };
  try {
    for (const fault of experiment.faults)
      rollbacks.push(await inject(fault, { environment, customers, rate }));
    if (pace.untilSeen) await until(() => isSeen(experiment, evidence()), limits.seen, claimInterval);
    else await delay(1000 * Math.max(seconds, alertSeconds(experiment, environment)), undefined, pace);
  } finally {
    await rollBack();
    moments.faultCleared = performance.now();
  }

  enter('recovery');
  const settling = watchSettlement(environment, run, customers, cleanUp);
  if (await until(isSteady(moments.faultCleared), hypothesis.recoveredWithin + limits.grace))
    moments.recovered = performance.now();
  await until(() => isSeen(experiment, evidence()), hypothesis.recoveredWithin, claimInterval);
  await until(
    () => haveFired(experiment, environment, moments.faultSet),
    alertSeconds(experiment, environment),
  );

  enter('settlement');
  await customers.close(1000 * limits.customers);
  if (await until(settling.isSettled, hypothesis.orders.settledWithin + limits.grace))
    moments.settled = Math.max(moments.faultCleared, settling.settledAt());
  await sampling.look();
  const { findings, stored } = await readBooks(environment, run, customers);
  moments.ended = performance.now();
  const messages = environment.receiver ? await environment.gateway.messages() : [];
  const complete = { ...evidence(), findings, stored, messages };
  return describeResult(experiment, complete, verify(experiment, complete));
}

const notOurs = (setting: string) => `it needs ${setting}, which a running service cannot be given`;

/** The longest that the expected alerts may take, in seconds of this run. */
function alertSeconds({ hypothesis: { detection } }: Experiment, { alerts }: Environment): number {
  if (alerts === undefined || 'undetected' in detection) return 0;
  return Math.max(0, ...detection.map(({ withinMinutes }) => (60 * withinMinutes) / alerts.scale));
}

function haveFired(
  { hypothesis: { detection } }: Experiment,
  { alerts }: Environment,
  since: number,
): boolean {
  if (alerts === undefined || 'undetected' in detection) return true;
  return detection.every((claim) => firing(alerts.histories(), claim, since) !== undefined);
}

/** Whether every claim about answers, metrics, logs and traces holds now. */
function isSeen(experiment: Experiment, evidence: Evidence): boolean {
  const faultCleared = Math.min(evidence.moments.faultCleared, performance.now());
  const now = { ...evidence, moments: { ...evidence.moments, faultCleared } };
  const enough = now.replies.filter(({ sentAt }) => sentAt >= now.moments.faultSet).length;
  return (
    enough >= experiment.steady.orders &&
    verify(experiment, now).every(
      ({ about, verdict }) =>
        verdict !== 'failed' || !['answers', 'metrics', 'logs', 'trace'].includes(about),
    )
  );
}
