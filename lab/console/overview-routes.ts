import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { AlertBoard } from './alerts/alert-board.ts';
import { totalsOf } from './metrics/domain-readings.ts';
import type { MetricStore } from './metrics/metric-store.ts';
import type { FaultWindows } from './faults/fault-windows.ts';
import type { Forwarder } from './receiver/forwarder.ts';
import type { LogStore } from './logs/log-store.ts';
import type { Scraper } from './metrics/scraper.ts';
import type { Overview } from './api-types.ts';
import type { TraceStore } from './traces/trace-store.ts';
import type { TrafficSession } from './traffic/traffic-session.ts';

const After = Type.Object({ after: Type.Number({ default: 0 }) }, { additionalProperties: false });

/** The state of service, faults, traffic and receiver, second by second. */
export function overviewRoutes(parts: {
  scraper: Scraper;
  alerts: AlertBoard;
  faults: FaultWindows;
  traffic: TrafficSession;
  traces: TraceStore;
  logs: LogStore;
  metrics: MetricStore;
  forwarder: Forwarder | undefined;
}): FastifyPluginAsyncTypebox {
  const { scraper, alerts, faults, traffic, traces, logs, metrics, forwarder } = parts;
  let serviceName = '';
  return async (app) => {
    app.get('/api/overview', { schema: { querystring: After } }, (request): Overview => {
      const { after } = request.query;
      const exemplars = scraper.series.exemplarsSince(after);
      const newest = exemplars.at(-1);
      // The trace may begin in a caller, and a span of what the service calls may arrive before its own.
      if (newest) serviceName = traces.answererOf(newest.traceId, newest.name) ?? serviceName;
      return {
        now: Date.now(),
        ...scraper.series.since(after),
        exemplars,
        faults: faults.all(),
        ...totalsOf(scraper.series.latest()),
        service: scraper.state(),
        serviceName,
        alerts: alerts.counts(),
        traffic: traffic.state(),
        collector: forwarder?.state() ?? null,
        receiver: {
          spans: traces.received(),
          logs: logs.received(),
          points: metrics.received(),
          bytes: traces.bytes() + logs.bytes() + metrics.bytes(),
        },
      };
    });
  };
}
