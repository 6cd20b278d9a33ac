import { createGatewayControl } from '../harness/gateway-control.ts';
import { pollAlerts } from './alerts/alert-watch.ts';
import { statusOf, takesKey } from './first-requests.ts';
import type { GivenService } from './options.ts';
import { openDatabase } from './postgres.ts';
import type { Environment } from './environment.ts';

/** A service that is already running. Only its gateway, its database and its clients can be given faults. */
export async function openGivenEnvironment(given: GivenService): Promise<Environment> {
  const { urls, adminUrls, gatewayUrl, databaseUrl, apiKey, prometheusUrl } = given;
  await using opened = new AsyncDisposableStack();
  const database = opened.use(openDatabase(databaseUrl));
  const alerts = prometheusUrl === undefined ? undefined : opened.use(pollAlerts(prometheusUrl, 1));
  const owned = opened.move();
  return {
    urls,
    adminUrls,
    apiKeys: { shop: apiKey, pos: apiKey },
    gateway: createGatewayControl(gatewayUrl),
    database,
    network: {},
    ...(alerts && { alerts }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * What keeps experiments from being run on this service: every order would count as lost. A service that is not ready is
 * none: an experiment says so itself.
 */
export async function obstaclesOf(given: GivenService): Promise<string[]> {
  const { urls, adminUrls, gatewayUrl, databaseUrl, apiKey, prometheusUrl } = given;
  const obstacles = await Promise.all([
    ...urls.map((url) =>
      silence('--url', url, async () =>
        (await takesKey(url, apiKey)) ? undefined : `${url} does not take this key: set --api-key.`,
      ),
    ),
    ...adminUrls.map((url) => silence('--admin-url', url, () => statusOf(`${url}/livez`))),
    silence('--gateway-url', gatewayUrl, () => statusOf(`${gatewayUrl}/faults`)),
    silence('--database-url', 'Postgres', async () => {
      await using database = openDatabase(databaseUrl);
      await database.sql('SELECT FROM orders LIMIT 1');
    }),
    prometheusUrl !== undefined &&
      silence('--prometheus-url', prometheusUrl, () => statusOf(`${prometheusUrl}/-/ready`)),
  ]);
  return obstacles.filter((obstacle) => typeof obstacle === 'string');
}

/** @param ask resolves with what the answer says against its use, if anything */
async function silence(
  option: string,
  place: string,
  ask: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    const objection = await ask();
    return typeof objection === 'string' ? `${option}: ${objection}` : undefined;
  } catch (error) {
    const reason = error instanceof TypeError && error.cause !== undefined ? error.cause : error;
    return `${option}: ${place} cannot be used (${reason instanceof Error ? reason.message : String(reason)}).`;
  }
}
