import type { Experiment } from './experiment.ts';
import { backlog } from './experiments/backlog.ts';
import { burstWithoutGateway } from './experiments/burst-without-gateway.ts';
import { busyNeighbours } from './experiments/busy-neighbours.ts';
import { clockSkew } from './experiments/clock-skew.ts';
import { collectorBackendsDown } from './experiments/collector-backends-down.ts';
import { collectorDown } from './experiments/collector-down.ts';
import { collectorForgets } from './experiments/collector-forgets.ts';
import { collectorSlow } from './experiments/collector-slow.ts';
import { cpuQuota } from './experiments/cpu-quota.ts';
import { declines } from './experiments/declines.ts';
import { gatewayCredentials } from './experiments/gateway-credentials.ts';
import { gatewayDown } from './experiments/gateway-down.ts';
import { gatewayErrors } from './experiments/gateway-errors.ts';
import { gatewayLate } from './experiments/gateway-late.ts';
import { gatewayMalformed } from './experiments/gateway-malformed.ts';
import { gatewayRateLimits } from './experiments/gateway-rate-limits.ts';
import { gatewayResets } from './experiments/gateway-resets.ts';
import { gatewaySlow } from './experiments/gateway-slow.ts';
import { gatewayTimeouts } from './experiments/gateway-timeouts.ts';
import { heapSnapshots } from './experiments/heap-snapshots.ts';
import { idleConnections } from './experiments/idle-connections.ts';
import { longTasks } from './experiments/long-tasks.ts';
import { memoryLeak } from './experiments/memory-leak.ts';
import { noisyClient } from './experiments/noisy-client.ts';
import { overload } from './experiments/overload.ts';
import { poisonOrders } from './experiments/poison-orders.ts';
import { poolExhausted } from './experiments/pool-exhausted.ts';
import { postgresConflicts } from './experiments/postgres-conflicts.ts';
import { postgresFailover } from './experiments/postgres-failover.ts';
import { postgresNarrow } from './experiments/postgres-narrow.ts';
import { postgresResets } from './experiments/postgres-resets.ts';
import { postgresRestart } from './experiments/postgres-restart.ts';
import { postgresSessionsEnded } from './experiments/postgres-sessions-ended.ts';
import { postgresSlow } from './experiments/postgres-slow.ts';
import { postgresUnreachable } from './experiments/postgres-unreachable.ts';
import { redisDown } from './experiments/redis-down.ts';
import { redisFlushed } from './experiments/redis-flushed.ts';
import { redisSlow } from './experiments/redis-slow.ts';
import { replicaDies } from './experiments/replica-dies.ts';
import { serviceDown } from './experiments/service-down.ts';
import { serviceKilled } from './experiments/service-killed.ts';
import { sigtermUnderLoad } from './experiments/sigterm-under-load.ts';
import { stdoutBlocked } from './experiments/stdout-blocked.ts';
import { wrongKeys } from './experiments/wrong-keys.ts';

/** Every experiment, in the order of the report. */
export const catalogue: readonly Experiment[] = [
  gatewayTimeouts,
  gatewayDown,
  gatewayErrors,
  gatewaySlow,
  gatewayLate,
  gatewayResets,
  gatewayMalformed,
  gatewayRateLimits,
  gatewayCredentials,
  declines,
  postgresRestart,
  postgresFailover,
  postgresSessionsEnded,
  postgresResets,
  postgresSlow,
  postgresNarrow,
  postgresUnreachable,
  postgresConflicts,
  poolExhausted,
  redisDown,
  redisSlow,
  redisFlushed,
  collectorDown,
  collectorSlow,
  collectorBackendsDown,
  collectorForgets,
  stdoutBlocked,
  serviceKilled,
  serviceDown,
  replicaDies,
  sigtermUnderLoad,
  overload,
  burstWithoutGateway,
  cpuQuota,
  longTasks,
  memoryLeak,
  busyNeighbours,
  heapSnapshots,
  clockSkew,
  idleConnections,
  wrongKeys,
  noisyClient,
  poisonOrders,
  backlog,
];
