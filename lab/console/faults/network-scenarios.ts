import type { ProxySettings } from '../../simulator/network/toxics.ts';

interface NetworkScenario extends ProxySettings {
  id: string;
  title: string;
  meaning: string;
  proxy: string;
}

/** What goes wrong with networks, one click each. Those with the id of a chaos experiment do what it does. */
export const networkScenarios: readonly NetworkScenario[] = [
  {
    id: 'postgres-unreachable',
    title: 'Postgres unreachable',
    meaning:
      'The network drops every packet, and nobody is told. Orders are refused in time, nothing is charged.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'timeout' }],
  },
  {
    id: 'postgres-refused',
    title: 'Postgres refused',
    meaning:
      'Every connection is closed, and new ones are refused. Orders get 503 once the retries have had their time.',
    proxy: 'postgres',
    enabled: false,
    toxics: [],
  },
  {
    id: 'postgres-slow',
    title: 'Postgres slow',
    meaning: 'Every answer comes 20 to 40 ms late. An order takes two statements, and notices both.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'latency', latency: 30, jitter: 10 }],
  },
  {
    id: 'postgres-narrow',
    title: 'Narrow line to Postgres',
    meaning: 'Answers come at 1 kB a second on each connection, as behind a line that others fill.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'bandwidth', rate: 1 }],
  },
  {
    id: 'postgres-resets',
    title: 'Postgres connections reset',
    meaning: 'Every connection is reset after half a second, be a statement under way or not.',
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
      'Every answer of Postgres comes 200 ms late: with enough traffic all connections are taken, and orders wait for one.',
    proxy: 'postgres',
    enabled: true,
    toxics: [{ type: 'latency', latency: 200, jitter: 0 }],
  },
  {
    id: 'gateway-down',
    title: 'Gateway refused',
    meaning: 'Every connection is refused. The breaker opens, orders are taken and left pending.',
    proxy: 'gateway',
    enabled: false,
    toxics: [],
  },
  {
    id: 'gateway-unreachable',
    title: 'Gateway unreachable',
    meaning:
      'The network drops every packet. Each attempt takes its whole timeout, and its outcome is unknown.',
    proxy: 'gateway',
    enabled: true,
    toxics: [{ type: 'timeout' }],
  },
  {
    id: 'gateway-reset-peer',
    title: 'Gateway connections reset',
    meaning: 'Every connection is reset after half a second, whatever it is in the middle of.',
    proxy: 'gateway',
    enabled: true,
    toxics: [{ type: 'reset_peer', timeout: 500 }],
  },
  {
    id: 'gateway-narrow-line',
    title: 'Narrow line to the gateway',
    meaning: 'Answers come at 1 kB a second: each takes a good part of one.',
    proxy: 'gateway',
    enabled: true,
    toxics: [{ type: 'bandwidth', rate: 1 }],
  },
  {
    id: 'redis-slow',
    title: 'Redis slow',
    meaning:
      'Every answer comes about 200 ms late. Nobody waits longer than 20 ms, and soon nobody asks any more.',
    proxy: 'redis',
    enabled: true,
    toxics: [{ type: 'latency', latency: 200, jitter: 20 }],
  },
  {
    id: 'redis-refused',
    title: 'Redis refused',
    meaning: 'Every connection is refused. Limits are counted here, orders are read from Postgres.',
    proxy: 'redis',
    enabled: false,
    toxics: [],
  },
];
