import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbeddedEnvironment } from '../../lab/chaos/embedded-environment.ts';
import type { Experiment } from '../../lab/chaos/experiment.ts';
import { declines } from '../../lab/chaos/experiments/declines.ts';
import { gatewayDown } from '../../lab/chaos/experiments/gateway-down.ts';
import { gatewayLate } from '../../lab/chaos/experiments/gateway-late.ts';
import { gatewayTimeouts } from '../../lab/chaos/experiments/gateway-timeouts.ts';
import { postgresConflicts } from '../../lab/chaos/experiments/postgres-conflicts.ts';
import { postgresRestart } from '../../lab/chaos/experiments/postgres-restart.ts';
import { postgresUnreachable } from '../../lab/chaos/experiments/postgres-unreachable.ts';
import { replicaDies } from '../../lab/chaos/experiments/replica-dies.ts';
import { serviceKilled } from '../../lab/chaos/experiments/service-killed.ts';
import { wrongKeys } from '../../lab/chaos/experiments/wrong-keys.ts';
import { type PostgresServer, startPostgres } from '../../lab/chaos/postgres.ts';
import { runExperiment } from '../../lab/chaos/run-experiment.ts';
import type { Network } from '../../lab/chaos/network.ts';
import { startNetwork } from '../../lab/chaos/start-network.ts';
import { noLimits } from '../support/clients/settings.ts';

/**
 * Ten of the experiments in a few seconds each: a fault lasts only until every effect has been observed. `npm run chaos`
 * judges times and alerts.
 */
const experiments = [
  gatewayTimeouts,
  gatewayDown,
  gatewayLate,
  declines,
  postgresRestart,
  postgresUnreachable,
  postgresConflicts,
  serviceKilled,
  replicaDies,
  wrongKeys,
];

/** On a machine that runs other tests too, shed requests say nothing about the fault. */
const patientAdmission = Object.fromEntries(
  Object.entries(noLimits).filter(([name]) => name.startsWith('ADMISSION_')),
);

/** Make experiments short in which a dependency is slow or does not answer. */
const shortDeadlines = {
  DATABASE_DEADLINE: '1s',
  DATABASE_CONNECT_TIMEOUT: '500ms',
  PAYMENT_ATTEMPT_TIMEOUT: '300ms',
  PAYMENT_DEADLINE: '900ms',
};

/** Here every dependency answers, and a deadline that a busy machine misses would be an answer that nothing has caused. */
const withoutWaiting: ReadonlySet<Experiment> = new Set([declines, serviceKilled, replicaDies, wrongKeys]);

/** Short waits and leases make experiments short. */
const env = {
  BREAKER_OPEN_FOR: '500ms',
  SETTLEMENT_POLL_INTERVAL: '100ms',
  SETTLEMENT_BACKOFF_BASE: '200ms',
  SETTLEMENT_BACKOFF_CAP: '1s',
  ...patientAdmission,
};

/** Seconds; enough for the slowest machine. */
const patience = 40;

function withoutTimes({ steady, hypothesis, ...experiment }: Experiment): Experiment {
  const { p99: _p99, shares, ...others } = hypothesis.answers;
  // How many requests are lost while a process starts is a matter of time, too.
  const startsAgain = experiment.faults.some((fault) => fault.kind === 'crash' && fault.what === 'service');
  const answers = { ...others, ...(shares && !startsAgain && { shares }) };
  const orders = { ...hypothesis.orders, settledWithin: patience };
  return {
    ...experiment,
    steady: { ...steady, orders: 10 },
    hypothesis: { ...hypothesis, answers, orders, recoveredWithin: patience },
  };
}

let postgres: PostgresServer;
let network: Network;
beforeAll(async () => {
  postgres = await startPostgres();
  network = await startNetwork();
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

test.each(experiments.map((experiment) => [experiment.title, experiment] as const))(
  'the hypothesis holds: %s',
  { timeout: 120_000 },
  async (_title, experiment) => {
    const hasty = withoutTimes(experiment);
    await using environment = await openEmbeddedEnvironment(hasty, {
      postgres,
      network,
      env: withoutWaiting.has(experiment) ? env : { ...shortDeadlines, ...env },
    });
    const result = await runExperiment(hasty, environment, {
      rate: 30,
      seed: 20_261_121,
      untilSeen: true,
      signal: new AbortController().signal,
      progress: () => {},
    });
    const failed = result.checks.filter(({ verdict }) => verdict === 'failed');
    expect(failed, JSON.stringify(result.answers)).toEqual([]);
    expect(result.verdict).toBe('held');
  },
);
