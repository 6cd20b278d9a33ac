import { fastify, type FastifyInstance } from 'fastify';
import { refuseStrangers } from '../simulator/refuse-strangers.ts';
import type { Counts } from './counts.ts';
import { firstError, levelNames } from './lines/levels.ts';

/** What is known of the way, besides the counts. */
export interface Lag {
  /** Bytes that are not accepted yet. */
  bytes: number;
  /** Age of the newest accepted line while there are such bytes, else 0. */
  seconds: number;
  batchesInFlight: number;
  /** Whether reading waits for a receiver. */
  isWaiting: boolean;
}

interface Family {
  name: string;
  type: 'counter' | 'gauge';
  help: string;
  samples: Array<[labels: Readonly<Record<string, string>>, value: number]>;
}

/** The listener for operators: health, counts and Prometheus metrics. */
export function createAdmin(
  counts: Counts,
  lag: () => Lag,
  allowedHosts: readonly string[],
): FastifyInstance {
  const app = fastify({ forceCloseConnections: true });
  refuseStrangers(app, { allowedHosts, variable: 'LOGS_ALLOWED_HOSTS' });
  app.get('/livez', () => ({ status: 'ok' }));
  // A receiver that is away is no reason to restart or to stop this process: it waits, and loses nothing.
  app.get('/readyz', () => ({ status: 'ok' }));
  app.get('/status', () => {
    const { bytes, malformed, oversize, batches, retries, rejected } = counts;
    const services = [...counts.all()].map(({ service, lines }) => ({
      service,
      lines: Object.fromEntries(levelNames.map((level, index) => [level, lines[index]])),
    }));
    return { bytes, malformed, oversize, batches, retries, rejected, lag: lag(), services };
  });
  app.get('/metrics', (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(render(familiesOf(counts, lag()))),
  );
  return app;
}

function familiesOf(counts: Counts, lag: Lag): Family[] {
  const services = [...counts.all()].filter(({ lines }) => sum(lines) > 0);
  const one = (name: string, type: Family['type'], help: string, value: number): Family => ({
    name,
    type,
    help,
    samples: [[{}, value]],
  });
  return [
    {
      name: 'log_lines_total',
      type: 'counter',
      help: 'Lines read, by service and level.',
      samples: services.flatMap(({ service, lines }) =>
        levelNames.flatMap((level, index): Family['samples'] => {
          const value = lines[index] ?? 0;
          return value === 0 ? [] : [[{ service, level }, value]];
        }),
      ),
    },
    {
      name: 'log_errors_total',
      type: 'counter',
      help: 'Lines of level error or fatal, by service.',
      samples: services.map(({ service, lines }) => [{ service }, sum(lines.subarray(firstError))]),
    },
    one('log_bytes_total', 'counter', 'Bytes read.', counts.bytes),
    one(
      'log_malformed_lines_total',
      'counter',
      'Lines that are no JSON object, forwarded as text.',
      counts.malformed,
    ),
    one(
      'log_oversize_lines_total',
      'counter',
      'Lines over LOGS_LONGEST_LINE, forwarded in pieces.',
      counts.oversize,
    ),
    one('log_batches_total', 'counter', 'Batches that every target has.', counts.batches),
    one('log_retries_total', 'counter', 'Requests that were sent again.', counts.retries),
    one('log_rejected_records_total', 'counter', 'Records that a receiver refused.', counts.rejected),
    one('log_batches_in_flight', 'gauge', 'Batches sent and not yet accepted.', lag.batchesInFlight),
    one('log_lag_bytes', 'gauge', 'Bytes that are not accepted yet.', lag.bytes),
    one('log_lag_seconds', 'gauge', 'Age of the newest accepted line while bytes wait, else 0.', lag.seconds),
  ];
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
function render(families: readonly Family[]): string {
  return families
    .map(({ name, type, help, samples }) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(([labels, value]) => `${name}${renderLabels(labels)} ${value}`),
        '',
      ].join('\n'),
    )
    .join('');
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join()}}`;
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
