import { fastify, type FastifyError } from 'fastify';
import { listen } from '../../src/http/listen.ts';
import { observeGatewaySimulator } from './telemetry.ts';
import type { Logger } from '../../src/telemetry/logging/logger.ts';
import { alertRoutes } from './alert-routes.ts';
import { problem } from './answer.ts';
import { chargeRoutes } from './charge-routes.ts';
import { controlRoutes } from './control-routes.ts';
import { refuseStrangers } from './refuse-strangers.ts';
import { createFaults } from './faults.ts';
import { ajvOptions, invalidRequest } from './invalid-request.ts';
import { createLedger } from './ledger.ts';
import { metricsRoute } from './metrics-route.ts';
import { networkRoutes } from './network/network-routes.ts';
import { createNetwork, type Network } from './network/network.ts';

export interface Simulator {
  /** Without a trailing slash. */
  url: string;
  /** Starts without proxies; they close with the simulator. */
  network: Network;
  /** Drops every connection, hanging requests included, and forgets the ledger. */
  close(): Promise<void>;
}

/**
 * Starts a simulated payment gateway. Each one has its own ledger and faults.
 *
 * @param options.port 0 picks a free port
 * @throws {StartupError} when it cannot listen there
 */
export async function startSimulator(options: {
  host: string;
  port: number;
  logger: Logger;
  /** Maximum number of records in the ledger. Default: unbounded. */
  ledgerCapacity?: number | undefined;
  /** Names under which it answers, besides IP addresses and `localhost`. Default: none. */
  allowedHosts?: readonly string[];
}): Promise<Simulator> {
  const { host, port, logger, allowedHosts = [] } = options;
  const ledger = createLedger({ capacity: options.ledgerCapacity });
  const faults = createFaults();
  const network = createNetwork();

  const app = fastify({
    forceCloseConnections: true,
    ajv: { customOptions: ajvOptions },
    // An idempotency key of 255 characters, all of them percent-encoded.
    routerOptions: { maxParamLength: 3 * 255 },
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const expected = error.statusCode !== undefined && error.statusCode < 500;
    if (!expected) logger.error({ err: error }, 'a request failed with an unexpected error');
    const answer = expected
      ? invalidRequest(error)
      : problem(500, 'internal_error', 'The simulator failed. Its log has the error.');
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
  app.setNotFoundHandler((_request, reply) => {
    const { status, headers, body } = problem(
      404,
      'not_found',
      'Nothing has this address. GET / lists the routes.',
    );
    return reply.code(status).headers(headers).send(body);
  });
  refuseStrangers(app, { allowedHosts, variable: 'SIMULATOR_ALLOWED_HOSTS' });
  await app.register(
    chargeRoutes({ ledger, faults, observe: (scope) => observeGatewaySimulator(scope, logger) }),
  );
  await app.register(alertRoutes({ logger }));
  await app.register(metricsRoute({ faults, network }));
  await app.register(controlRoutes({ ledger, faults }));
  await app.register(networkRoutes({ network }));

  async function close(): Promise<void> {
    await network.close();
    await app.close();
  }
  try {
    return { url: await listen(app, { host, port }, 'SIMULATOR_PORT'), network, close };
  } catch (error) {
    await close();
    throw error;
  }
}
