import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Faults, FaultSettings } from './faults.ts';
import type { Network } from './network/network.ts';

/** The settings of each fault, under the fault's name in the log. */
const settingsOf: Readonly<Record<string, ReadonlyArray<keyof FaultSettings>>> = {
  latency: ['latencyMs', 'latencyJitterMs'],
  unauthorized: ['unauthorizedRate'],
  rate_limit: ['rateLimitRate'],
  error: ['errorRate'],
  reset: ['resetRate'],
  timeout: ['timeoutRate'],
  decline: ['declineRate'],
  malformed: ['malformedRate'],
  slow_success: ['slowSuccessRate'],
};

/**
 * Exposes which faults are set. Dashboards mark the time of each, so that nobody searches for the cause of a
 * deliberate fault. The second metric keeps `wire` in its name and as a label, because dashboards of users may select it.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function metricsRoute({
  faults,
  network,
}: {
  faults: Faults;
  network: Network;
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/metrics', (_request, reply) => {
      const samples = Object.entries(settingsOf).map(([fault, names]) => {
        const active = names.some((name) => Number(faults.settings[name]) > 0);
        return `simulator_fault_active{fault="${fault}"} ${active ? 1 : 0}`;
      });
      return reply
        .type('text/plain; version=0.0.4; charset=utf-8')
        .send(
          [
            '# HELP simulator_fault_active 1 while a fault is set, 0 otherwise.',
            '# TYPE simulator_fault_active gauge',
            ...samples,
            '# HELP simulator_wire_fault_active 1 while a fault is set on the network to a dependency.',
            '# TYPE simulator_wire_fault_active gauge',
            ...Object.entries(network.all()).flatMap(([name, { enabled, toxics }]) =>
              [...(enabled ? [] : ['cut']), ...new Set(toxics.map(({ type }) => type))].map(
                (fault) => `simulator_wire_fault_active{wire="${name}",fault="${fault}"} 1`,
              ),
            ),
            '',
          ].join('\n'),
        );
    });
  };
}
