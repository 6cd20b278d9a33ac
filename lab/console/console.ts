import { randomBytes } from 'node:crypto';
import { fastify, type FastifyError } from 'fastify';
import { listen } from '../../src/http/listen.ts';
import { problem } from '../simulator/answer.ts';
import { faultRoutes } from './faults/fault-routes.ts';
import { createFaultWindows } from './faults/fault-windows.ts';
import { watchGatewayFaults } from './faults/gateway-faults.ts';
import { watchNetworkFaults } from './faults/network-faults.ts';
import { guard } from './guard.ts';
import { createForwarder, type Destination, type Signal } from './receiver/forwarder.ts';
import { intakeRoutes } from './receiver/receiver-routes.ts';
import { createLogStore } from './logs/log-store.ts';
import { startScraper } from './metrics/scraper.ts';
import { overviewRoutes } from './overview-routes.ts';
import { readPageFiles } from './page-files.ts';
import { pageRoutes } from './page-routes.ts';
import { telemetryRoutes } from './telemetry-routes.ts';
import { createTraceStore } from './traces/trace-store.ts';
import { trafficRoutes } from './traffic/traffic-routes.ts';
import { createTrafficSession } from './traffic/traffic-session.ts';

/** What the console looks at, besides the telemetry that is sent to it. */
export interface Targets {
  apiUrl: string;
  /** The client that the console is, towards the API. Never told to the page. */
  apiKey: string;
  metricsUrl: string;
  /** Of the simulator; left out where a real gateway is used, which has no faults to set. */
  gatewayUrl?: string | undefined;
}

export interface ConsoleOptions {
  /** 0 takes any free one. */
  port: number;
  /** Bytes of traces and log lines that are kept. */
  memory: number;
  /** The user's Collector, where there is one. */
  collector?: Partial<Record<Signal, Destination>> | undefined;
  /** May come later, by `watch`. */
  targets?: Targets;
  onUnexpectedError(error: unknown): void;
}

export interface Console {
  /** Without a slash at its end; also where telemetry is to be sent. */
  url: string;
  /** What a person opens: with the token. */
  pageUrl: string;
  watch(targets: Targets): void;
  close(): Promise<void>;
}

/** Milliseconds that the Collector has for what still waits. */
const lastForwards = 1000;

/**
 * A look into a running service, for development: it receives telemetry over OTLP, reads the metrics, and shows both as
 * a page. It is reached from this machine alone.
 *
 * @throws {StartupError} when it cannot listen
 */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  let { targets } = options;
  const token = randomBytes(18).toString('base64url');
  const files = await readPageFiles();
  // Lines are shorter than spans, and fewer.
  const traces = createTraceStore(options.memory * 0.75);
  const logs = createLogStore(options.memory * 0.25, traces.isWorthKeeping);
  const forwarder = options.collector && createForwarder(options.collector);
  const scraper = startScraper(() => targets?.metricsUrl);
  const faults = createFaultWindows();
  const gateway = watchGatewayFaults(() => targets?.gatewayUrl, faults.source());
  const network = watchNetworkFaults(() => targets?.gatewayUrl, faults.source());
  const traffic = createTrafficSession(() => targets);

  const app = fastify({
    forceCloseConnections: true,
    // A mistyped field that is silently dropped would cost its user an hour.
    ajv: { customOptions: { removeAdditional: false } },
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const expected = error.statusCode !== undefined && error.statusCode < 500;
    if (!expected) options.onUnexpectedError(error);
    const { status, headers, body } = expected
      ? problem(error.statusCode ?? 400, 'invalid_request', error.message)
      : problem(500, 'internal_error', 'A defect of the console; its log says more.');
    return reply.code(status).headers(headers).send(body);
  });
  app.setNotFoundHandler((_request, reply) => {
    const { status, headers, body } = problem(404, 'not_found', 'There is nothing here.');
    return reply.code(status).headers(headers).send(body);
  });
  guard(app, { token, lockedPage: () => files.get('locked.html')?.content ?? '' });
  await app.register(intakeRoutes, { traces, logs, forwarder });
  await app.register(pageRoutes, { files });
  await app.register(overviewRoutes({ scraper, faults, traffic, traces, logs, forwarder }));
  await app.register(telemetryRoutes({ traces, logs, target: () => targets }));
  await app.register(faultRoutes({ gateway, network }));
  await app.register(trafficRoutes(traffic));

  async function close(): Promise<void> {
    scraper.close();
    gateway.close();
    network.close();
    await traffic.close();
    await app.close();
    await forwarder?.close(lastForwards);
  }
  try {
    const url = await listen(app, { host: '127.0.0.1', port: options.port }, 'CONSOLE_PORT');
    return {
      url,
      pageUrl: `${url}/?token=${token}`,
      watch(next) {
        targets = next;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
