import type { GatewayControl } from '../harness/gateway-control.ts';
import type { ReceivedSpan } from '../console/otlp/messages.ts';
import type { PostgresPair } from '../harness/postgres-pair.ts';
import type { RedisServer } from '../harness/redis-server.ts';
import type { AlertWatch } from './alerts/alert-watch.ts';
import type { Database, PostgresServer } from './postgres.ts';
import type { Dependency } from './experiment.ts';
import type { ChaosEvidenceReceiver } from './evidence-receiver.ts';
import type { Replica } from './replica.ts';
import type { NetworkProxy } from './network.ts';

/** The service and its surroundings, on which an experiment runs. A fault needs the part that it breaks. */
export interface Environment extends AsyncDisposable {
  /** Base URL of the API, one per replica. */
  urls: readonly string[];
  /** Base URLs of the admin listeners, in the same order. */
  adminUrls: readonly string[];
  apiKeys: { shop: string; pos: string };
  gateway: GatewayControl;
  database: Database;
  /** The processes of the service; undefined if it was running before. */
  replicas?: readonly Replica[];
  postgres?: PostgresServer;
  /** The primary and its standby, in place of the server above. */
  pair?: PostgresPair;
  redis?: RedisServer;
  /** HAProxy in front of the replicas; customers then use it alone. */
  proxy?: { url: string; adminUrl: string };
  network: Partial<Record<Dependency, NetworkProxy>>;
  /** Every span received so far; undefined if spans go elsewhere. */
  spans?: readonly ReceivedSpan[];
  alerts?: AlertWatch;
  /** Takes profiles for alerts. Undefined without Prometheus or Alertmanager. */
  receiver?: ChaosEvidenceReceiver;
}

/** Where customers send requests: to the load balancer, or to the replicas that one would choose. */
export function servingUrls({ urls, replicas, proxy }: Environment): readonly string[] {
  if (proxy) return [proxy.url];
  const running = replicas?.filter((replica) => replica.isRunning()).map(({ url }) => url) ?? [];
  return running.length > 0 ? running : urls;
}
