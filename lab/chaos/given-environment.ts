import { createGatewayControl } from '../harness/gateway-control.ts';
import { pollAlerts } from './alerts/alert-watch.ts';
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
