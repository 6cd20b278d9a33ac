import type { ProxySettings } from '../../simulator/network/toxics.ts';

interface NetworkScenario extends ProxySettings {
  id: string;
  title: string;
  meaning: string;
  proxy: string;
}

/** Typical network faults, one click each. A scenario with the id of a chaos experiment sets the same fault. */
export const networkScenarios: readonly NetworkScenario[] = [
  {
    id: 'postgres-unreachable',
    title: 'Postgres unreachable',
    meaning:
      'The network drops every packet without an error. Orders are refused before their deadline, and nothing is charged.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'timeout' }],
  },
  {
    id: 'postgres-refused',
    title: 'Postgres refused',
    meaning:
      'Every connection is closed and new ones are refused. Orders get 503 once the retries have run out of time.',
    proxy: 'postgres',
    enabled: false,
    toxics: [],
  },
  {
    id: 'postgres-slow',
    title: 'Postgres slow',
    meaning: 'Every answer is 20 to 40 ms late. An order takes two statements, so it is delayed twice.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'latency', latency: 30, jitter: 10 }],
  },
  {
    id: 'postgres-narrow',
    title: 'Narrow line to Postgres',
    meaning: 'Answers arrive at 1 kB/s on each connection, as on a congested link.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'bandwidth', rate: 1 }],
  },
  {
    id: 'postgres-resets',
    title: 'Postgres connections reset',
    meaning: 'Every connection is reset after half a second, in the middle of a statement or not.',
    proxy: 'postgres',
    enabled: true,
    toxics: [
      { type: 'latency', latency: 10, jitter: 5 },
      { type: 'reset_peer', timeout: 500 },
    ],
  },
  {
    id: 'pool-exhausted',
    title: 'Connection pool exhausted',
    meaning:
      'Every answer of Postgres is 200 ms late. With enough traffic, all connections are in use and orders wait for one.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'latency', latency: 200, jitter: 0 }],
  },
  {
    id: 'gateway-down',
    title: 'Gateway refused',
    meaning: 'Every connection is refused. The breaker opens; orders are accepted and left pending.',
    proxy: 'gateway',
    enabled: false,
    toxics: [],
  },
  {
    id: 'gateway-unreachable',
    title: 'Gateway unreachable',
    meaning:
      'The network drops every packet. Each attempt runs into its timeout, and its outcome is unknown.',
    proxy: 'gateway',
    enabled: true,
    toxics: [{ type: 'timeout' }],
  },
  {
    id: 'gateway-reset-peer',
    title: 'Gateway connections reset',
    meaning: 'Every connection is reset after half a second, in the middle of a request or not.',
    proxy: 'gateway',
    enabled: true,
    toxics: [{ type: 'reset_peer', timeout: 500 }],
  },
  {
    id: 'gateway-narrow-line',
    title: 'Narrow line to the gateway',
    meaning: 'Answers arrive at 1 kB/s: each takes a large part of a second.',
    proxy: 'gateway',
    enabled: true,
    toxics: [{ type: 'bandwidth', rate: 1 }],
  },
  {
    id: 'redis-slow',
    title: 'Redis slow',
    meaning:
      'Every answer is about 200 ms late. The service waits at most 20 ms, and soon a breaker stops asking.',
    proxy: 'redis',
    enabled: true,
    toxics: [{ type: 'latency', latency: 200, jitter: 20 }],
  },
  {
    id: 'redis-refused',
    title: 'Redis refused',
    meaning:
      'Every connection is refused. The service counts limits in memory and reads orders from Postgres.',
    proxy: 'redis',
    enabled: false,
    toxics: [],
  },
];
