import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { fastify, type FastifyError } from 'fastify';
import { describeFault } from '../../src/http/field-faults.ts';
import { listen } from '../../src/http/listen.ts';
import { problem } from '../simulator/answer.ts';
import { createAlertBoard } from './alerts/alert-board.ts';
import { alertRoutes } from './alerts/alert-routes.ts';
import type { PrometheusPlace } from './alerts/prometheus-watch.ts';
import { readRules } from './alerts/rules.ts';
import { createConsoleDomain } from './domain.ts';
import { createFaultWindows } from './faults/fault-windows.ts';
import { guard } from './guard.ts';
import { createForwarder, type Destination, type Signal } from './receiver/forwarder.ts';
import { createRefusalOfLost } from './receiver/lost-telemetry.ts';
import { receiverRoutes } from './receiver/receiver-routes.ts';
import { createServiceMaps } from './map/service-map.ts';
import { createMetricStore } from './metrics/metric-store.ts';
import { createLogStore } from './logs/log-store.ts';
import { pointsIn } from './metrics/exposition-points.ts';
import { startScraper } from './metrics/scraper.ts';
import { createOrigins } from './otlp/origins.ts';
import { overviewRoutes } from './overview-routes.ts';
import { readPageFiles } from './page-files.ts';
import { pageRoutes } from './page-routes.ts';
import { createSenders } from './senders/senders.ts';
import type { Targets } from './targets.ts';
import { telemetryRoutes } from './telemetry-routes.ts';
import { createTraceStore } from './traces/trace-store.ts';
import { trafficRoutes } from './traffic/traffic-routes.ts';
import { createTrafficSession } from './traffic/traffic-session.ts';

export interface ConsoleOptions {
  /** 0 picks a free port. */
  port: number;
  /** Maximum bytes of traces, log lines and metrics. */
  memory: number;
  /** The user's Collector, if there is one. */
  collector?: Partial<Record<Signal, Destination>> | undefined;
  /** Where a Prometheus may evaluate the alert rules; undefined looks for none. */
  prometheus?: PrometheusPlace | undefined;
  /** How many times shorter the durations of the alert rules are, to rehearse an alert. Default: 1. */
  timeScale?: number;
  /** Can be set later by `watch`. */
  targets?: Targets;
  /** Milliseconds within which a request must have come whole. Default: 30,000. */
  requestTimeout?: number;
  onUnexpectedError(error: unknown): void;
}

export interface Console {
  /** Without a trailing slash. Also the OTLP endpoint. */
  url: string;
  /** Address of the page, with the token. */
  pageUrl: string;
  watch(targets: Targets): void;
  close(): Promise<void>;
}

/** Seconds between two expositions whose every metric is kept. */
const expositionSeconds = 5;
const rulesFolder = path.resolve(import.meta.dirname, '../../prometheus/rules');

/** Milliseconds for the last requests to the Collector on shutdown. */
const lastForwards = 1000;

/**
 * A page about a running service, for development: the console receives telemetry over OTLP, scrapes the metrics and
 * shows both. It listens on the loopback interface only.
 *
 * @throws {StartupError} when it cannot listen
 */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  let { targets } = options;
  const { timeScale = 1, requestTimeout = 30_000 } = options;
  const token = randomBytes(18).toString('base64url');
  const files = await readPageFiles();
  // Log lines are fewer than spans, and points of metrics are numbers.
  const traces = createTraceStore(options.memory * 0.59);
  const origins = createOrigins(options.memory * 0.01);
  const logs = createLogStore(options.memory * 0.27, traces.isWorthKeeping);
  const metrics = createMetricStore(options.memory * 0.13);
  const maps = createServiceMaps();
  const senders = createSenders();
  const forwarder = options.collector && createForwarder(options.collector);
  const alerts = createAlertBoard({
    groups: await readRules(rulesFolder, timeScale),
    timeScale,
    prometheus: options.prometheus,
    metricsUrl: () => targets?.metricsUrl,
  });
  const scraper = startScraper(
    () => targets?.metricsUrl,
    (text, from, time) => {
      if (text !== undefined && (time / 1000) % expositionSeconds === 0)
        metrics.add(pointsIn(text, { service: new URL(from).host, time }));
      alerts.scrape(text, from, time);
    },
  );
  const faults = createFaultWindows();
  const domain = createConsoleDomain({ target: () => targets, traces, logs, faults });
  const traffic = createTrafficSession(() => targets);

  const app = fastify({
    forceCloseConnections: true,
    // A body that never ends would hold its part of what is received at the same time.
    requestTimeout,
    // If the one for headers were longer, Node would exchange the two.
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(1000, requestTimeout) },
    // A mistyped field that is silently dropped would cost its user an hour.
    ajv: { customOptions: { removeAdditional: false } },
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const expected = error.statusCode !== undefined && error.statusCode < 500;
    if (!expected) options.onUnexpectedError(error);
    const { status, headers, body } = expected
      ? problem(error.statusCode ?? 400, 'invalid_request', detailOf(error))
      : problem(500, 'internal_error', 'The console failed. Its log has the error.');
    return reply.code(status).headers(headers).send(body);
  });
  app.setNotFoundHandler((_request, reply) => {
    const { status, headers, body } = problem(404, 'not_found', 'Nothing has this address.');
    return reply.code(status).headers(headers).send(body);
  });
  const refuseLost = createRefusalOfLost(senders);
  guard(app, { token, lockedPage: () => files.get('locked.html')?.content ?? '', refuseLost });
  const { onUnexpectedError } = options;
  const telemetry = { traces, origins, logs, metrics, maps, senders };
  await app.register(receiverRoutes, {
    prefix: '/v1',
    ...telemetry,
    forwarder,
    refuseLost,
    onUnexpectedError,
  });
  await app.register(pageRoutes, { files });
  await app.register(overviewRoutes({ scraper, alerts, faults, traffic, forwarder, ...telemetry }));
  await app.register(telemetryRoutes(telemetry));
  await app.register(alertRoutes(alerts));
  await domain.register(app);
  await app.register(trafficRoutes(traffic));

  async function close(): Promise<void> {
    scraper.close();
    alerts.close();
    await traffic.close();
    await domain.close();
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

/** What a user of the page can mend: a text for a filter that is too long, for example. */
function detailOf(error: FastifyError): string {
  const [fault] = error.validation ?? [];
  if (fault === undefined) return error.message;
  const { pointer, detail } = describeFault(error, fault);
  return `"${pointer.slice(1)}" ${detail}.`;
}
