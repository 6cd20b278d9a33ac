import type { GatewayControl } from '../harness/gateway-control.ts';
import type { ReceivedSpan } from '../console/otlp/messages.ts';
import type { RedisServer } from '../harness/redis-server.ts';
import type { AlertWatch } from './alerts/alert-watch.ts';
import type { Database, PostgresServer } from './postgres.ts';
import type { Dependency } from './experiment.ts';
import type { Replica } from './replica.ts';
import type { NetworkProxy } from './network.ts';

/** What an experiment plays on: the service with all that is around it. What is missing cannot be broken there. */
export interface Environment extends AsyncDisposable {
  /** Of the API, of each replica. */
  urls: readonly string[];
  /** Of the admin listeners, in the same order. */
  adminUrls: readonly string[];
  apiKeys: { shop: string; pos: string };
  gateway: GatewayControl;
  database: Database;
  /** Processes of our own; where there are none, the service is somebody else's. */
  replicas?: readonly Replica[];
  postgres?: PostgresServer;
  redis?: RedisServer;
  network: Partial<Record<Dependency, NetworkProxy>>;
  /** Everything that was received so far. */
  spans?: readonly ReceivedSpan[];
  alerts?: AlertWatch;
}

/** Those that a load balancer would send requests to. */
export function servingUrls({ urls, replicas }: Environment): readonly string[] {
  const running = replicas?.filter((replica) => replica.isRunning()).map(({ url }) => url) ?? [];
  return running.length > 0 ? running : urls;
}
