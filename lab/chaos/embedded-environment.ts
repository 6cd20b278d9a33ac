import { startSimulator } from '../simulator/server.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { createGatewayControl } from '../harness/gateway-control.ts';
import { freePort } from '../harness/free-port.ts';
import { startHaProxy } from '../harness/haproxy.ts';
import { startOtlpReceiver } from '../harness/otlp-receiver.ts';
import { isInstalled } from '../harness/programs.ts';
import { type PostgresPair, startPostgresPair, urlOfBoth } from '../harness/postgres-pair.ts';
import { startRedisServer } from '../harness/redis-server.ts';
import { findTool } from '../../stack/native/tools.ts';
import { watchAlerts } from './alerts/alert-watch.ts';
import { startAlertmanager } from './alerts/alertmanager.ts';
import type { TimeScale } from './alerts/scale-rules.ts';
import { findCollector, startCollector } from './collector.ts';
import { startEvidenceReceiver } from './evidence-receiver.ts';
import type { Experiment } from './experiment.ts';
import { type Database, openDatabase, type PostgresServer } from './postgres.ts';
import { startReplica } from './replica.ts';
import type { Environment } from './environment.ts';
import type { Network } from './network.ts';

export interface EmbeddedOptions {
  postgres: PostgresServer;
  network: Network;
  /** Variables that override those of the experiment. */
  env?: Readonly<Record<string, string>>;
  /** The Prometheus that evaluates the alerts. Without one they are not checked. */
  prometheus?: { command: string; scale: TimeScale };
}

/** As in production, without the limits per client and per address: here all customers are two clients at one address. */
const asDeployed = {
  NODE_ENV: 'test',
  PORT: '0',
  ADMIN_PORT: '0',
  RATE_LIMIT_MAX: '0',
  RATE_LIMIT_ADDRESS_MAX: '0',
  AUTH_FAILURE_MAX: '0',
};

/** Spans are exported soon, so that they are seen soon. Log lines go to stdout, as in a container. */
const telemetry = {
  OTEL_SDK_DISABLED: 'false',
  OTEL_BSP_SCHEDULE_DELAY: '300',
  OTEL_LOGS_EXPORTER: 'none',
  LOG_LEVEL: 'info',
};

const apiKeys = { shop: 'shop-key', pos: 'pos-key' };

let environments = 0;

/** Starts everything for one experiment alone, so that nothing that one leaves behind affects the next. */
export async function openEmbeddedEnvironment(
  { surroundings = {} }: Pick<Experiment, 'surroundings'>,
  { postgres, network, env, prometheus }: EmbeddedOptions,
): Promise<Environment> {
  await using started = new AsyncDisposableStack();
  environments += 1;
  const proxy = (name: string, target: string) => network.connect(`${name}_${environments}`, target);
  const pair = surroundings.standby === true ? started.use(await startPostgresPair()) : undefined;
  const database = started.use(pair ? await openPair(pair) : await postgres.createDatabase());
  const simulator = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ service: 'payment-gateway-simulator', level: 'silent' }),
  });
  started.defer(() => simulator.close());
  const receiver = started.use(await startOtlpReceiver());
  // If one of these programs is missing, the experiments that need it are skipped.
  const hasRedis = surroundings.redis === true && isInstalled('redis-server');
  const redis = hasRedis ? started.use(await startRedisServer()) : undefined;
  const command = surroundings.collector === true ? findCollector() : undefined;
  const collector =
    command === undefined
      ? undefined
      : started.use(
          await startCollector({
            command,
            connect: proxy,
            lokiUrl: receiver.url,
            postgresUrl: database.url,
          }),
        );

  const proxies = {
    ...(pair ? {} : { postgres: await proxy('postgres', database.url) }),
    gateway: await proxy('gateway', simulator.url),
    collector: await proxy('collector', (collector ?? receiver).url),
    ...(redis && { redis: await proxy('redis', redis.url) }),
    ...collector?.network,
  };
  const variables = {
    ...asDeployed,
    DATABASE_URL: proxies.postgres?.url ?? database.url,
    PAYMENT_GATEWAY_URL: proxies.gateway.url,
    ...telemetry,
    API_KEYS: `shop:${apiKeys.shop},pos:${apiKeys.pos},noisy:noisy-key`,
    OTEL_EXPORTER_OTLP_ENDPOINT: proxies.collector.url,
    ...(proxies.redis && { REDIS_URL: proxies.redis.url }),
    ...surroundings.env,
    ...env,
  };
  const isProxied = surroundings.proxy === true && isInstalled('haproxy');
  const replicas = await Promise.all(
    Array.from({ length: surroundings.replicas ?? 1 }, async () => {
      if (!isProxied) return started.use(await startReplica(variables, surroundings));
      const agentPort = await freePort();
      const proxied = { ...variables, AGENT_PORT: String(agentPort), TRUST_PROXY: '1' };
      return { agentPort, ...started.use(await startReplica(proxied, surroundings)) };
    }),
  );
  const haproxy = isProxied ? started.use(await startHaProxy(replicas)) : undefined;
  const adminUrls = replicas.map(({ adminUrl }) => adminUrl);
  const router = prometheus && surroundings.evidence === true ? findTool('alertmanager') : undefined;
  const evidence =
    router === undefined
      ? undefined
      : started.use(await startEvidenceReceiver({ adminUrls, pagerUrl: simulator.url }));
  const alertmanager =
    prometheus && router !== undefined && evidence
      ? started.use(
          await startAlertmanager({
            command: router,
            scale: prometheus.scale,
            urls: { 'simulator:7072': simulator.url, 'evidence:7081': evidence.url },
          }),
        )
      : undefined;
  const alerts =
    prometheus &&
    started.use(
      await watchAlerts({
        ...prometheus,
        targets: {
          orders: adminUrls.map((url) => new URL(url).host),
          ...(collector && { 'otel-collector': [collector.target] }),
          ...(haproxy && { proxy: [haproxy.target] }),
        },
        ...(alertmanager && { alertmanager: alertmanager.target }),
      }),
    );

  const owned = started.move();
  return {
    urls: replicas.map(({ url }) => url),
    adminUrls,
    apiKeys,
    gateway: createGatewayControl(simulator.url),
    database,
    replicas,
    ...(pair ? { pair } : { postgres }),
    ...(redis && { redis }),
    ...(haproxy && { proxy: { url: haproxy.url, adminUrl: `http://${haproxy.target}` } }),
    network: proxies,
    spans: (collector ?? receiver).spans,
    ...(alerts && { alerts }),
    ...(evidence && { receiver: evidence }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Its database `orders`, on whichever server is the primary. */
async function openPair(pair: PostgresPair): Promise<Database> {
  const url = urlOfBoth(pair);
  await migrate(url);
  return openDatabase(url);
}
