import type { ReceivedSpan } from '../../console/otlp/messages.ts';
import { createGatewayControl, type GatewayControl } from '../../harness/gateway-control.ts';
import { openEmbeddedEnvironment } from '../embedded-environment.ts';
import { statusOf, takesKey } from '../first-requests.ts';
import { startPostgres } from '../postgres.ts';
import { startNetwork } from '../start-network.ts';

/** Where a tour takes place: a running stack, or one that it starts. */
export interface Place extends AsyncDisposable {
  description: string;
  url: string;
  adminUrl: string;
  apiKeys: { shop: string; pos: string };
  gateway: GatewayControl;
  /** An overload for this service: the gateway's latency in milliseconds, and orders a second. */
  overload: { latencyMs: number; rate: number };
  /** URLs of the pages that are up. */
  pages: Readonly<Partial<Record<'grafana' | 'jaeger' | 'console', string>>>;
  /** Every span received so far; undefined if spans go elsewhere. */
  spans?: readonly ReceivedSpan[];
}

/** Where a running service is. */
export interface Addresses {
  url: string;
  adminUrl: string;
  gatewayUrl: string;
  apiKey: string;
}

export const usual: Addresses = {
  url: 'http://127.0.0.1:7070',
  adminUrl: 'http://127.0.0.1:7071',
  gatewayUrl: 'http://127.0.0.1:7072',
  apiKey: 'demo-key',
};

const usualPages = {
  console: 'http://127.0.0.1:7073',
  grafana: 'http://127.0.0.1:7074',
  jaeger: 'http://127.0.0.1:7075',
};

/** Uses the service at these addresses if it is up, else starts everything for the duration of the tour. */
export async function findPlace(at: Addresses, say: (text: string) => void): Promise<Place> {
  const running = await runningStack(at);
  if (running) return running;
  say(
    `No service with a simulator is running at ${at.url}, ${at.adminUrl} and ${at.gatewayUrl}. Starting a service, a database and a gateway for the tour, which takes some seconds.`,
  );
  return startOwn();
}

/** @throws {Error} if the service does not take the key */
async function runningStack({ url, adminUrl, gatewayUrl, apiKey }: Addresses): Promise<Place | undefined> {
  const [api, admin, gateway] = await Promise.all([
    isUp(`${url}/openapi.json`),
    isUp(`${adminUrl}/livez`),
    isUp(`${gatewayUrl}/faults`),
  ]);
  if (!api || !admin || !gateway) return undefined;
  if (!(await takesKey(url, apiKey)))
    throw new Error(`The service at ${url} does not take this key: set --api-key. Try --help.`);
  const names = ['grafana', 'jaeger', 'console'] as const;
  const up = await Promise.all(names.map((name) => isUp(usualPages[name])));
  const pages = Object.fromEntries(
    names.filter((_, index) => up[index]).map((name) => [name, usualPages[name]]),
  );
  return {
    description: `the service at ${url}, with ${Object.keys(pages).join(', ') || 'no web pages'}`,
    url,
    adminUrl,
    apiKeys: { shop: apiKey, pos: apiKey },
    gateway: createGatewayControl(gatewayUrl),
    // The service has 64 connections to the gateway by default.
    overload: { latencyMs: 400, rate: 350 },
    pages,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function startOwn(): Promise<Place> {
  await using started = new AsyncDisposableStack();
  const network = started.use(await startNetwork());
  const postgres = started.use(await startPostgres());
  const environment = started.use(
    await openEmbeddedEnvironment(
      // Few connections to the gateway, so that a laptop can overload the service.
      { surroundings: { env: { OTEL_BSP_SCHEDULE_DELAY: '100', PAYMENT_CONNECTIONS: '8' } } },
      { postgres, network },
    ),
  );
  const owned = started.move();
  return {
    description: 'a service of its own',
    url: environment.urls[0] ?? '',
    adminUrl: environment.adminUrls[0] ?? '',
    apiKeys: environment.apiKeys,
    gateway: environment.gateway,
    overload: { latencyMs: 150, rate: 150 },
    pages: {},
    ...(environment.spans && { spans: environment.spans }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await statusOf(url)) < 500;
  } catch {
    return false;
  }
}
