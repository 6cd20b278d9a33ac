import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartupError } from '../../src/errors.ts';
import { addressesAnd, strangerIn } from '../../src/http/hardening/known-hosts.ts';
import { unusableAddress } from '../../src/http/listen.ts';
import type { LogsConfig } from './config.ts';
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

export interface Admin {
  url: string;
  close(): void;
}

/**
 * Starts the listener for operators: health, counts and Prometheus metrics.
 *
 * @throws {StartupError} when the address is unusable
 */
export async function startAdmin(
  { host, port, allowedHosts }: LogsConfig['admin'],
  counts: Counts,
  lag: () => Lag,
): Promise<Admin> {
  const isKnown = addressesAnd(allowedHosts);
  const server = createServer((request, response) => {
    // A page in a browser must not read what is in the logs.
    const stranger = strangerIn(request.headers, isKnown);
    const { status, type, body } =
      stranger === undefined
        ? answer(request.method ?? '', request.url ?? '', counts, lag)
        : json(403, { code: stranger, detail: 'Add the name to LOGS_ALLOWED_HOSTS if it is yours.' });
    // RFC 9110, section 15.5.6
    if (status === 405) response.setHeader('allow', 'GET, HEAD');
    response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body);
  });
  const started = Promise.withResolvers<void>();
  server.once('error', started.reject);
  server.listen(port, host, started.resolve);
  try {
    await started.promise;
  } catch (error) {
    const message = unusableAddress(error, { host, port }, 'LOGS_PORT');
    throw message === undefined ? error : new StartupError(message, { cause: error });
  }
  const { address, family, port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

const json = (status: number, value: object): Answer => ({
  status,
  type: status < 400 ? 'application/json' : 'application/problem+json',
  body: JSON.stringify(value),
});

function answer(method: string, url: string, counts: Counts, lag: () => Lag): Answer {
  if (method !== 'GET' && method !== 'HEAD')
    return json(405, { code: 'method_not_allowed', detail: 'Everything here is read with GET.' });
  switch (url.replace(/\?.*$/, '')) {
    case '/livez':
    // A receiver that is away is no reason to stop this process: it waits, and loses nothing.
    case '/readyz':
      return json(200, { status: 'ok' });
    case '/status':
      return json(200, statusOf(counts, lag()));
    case '/metrics':
      return {
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
        body: render(familiesOf(counts, lag())),
      };
    default:
      return json(404, { code: 'not_found', detail: 'Try /livez, /readyz, /metrics or /status.' });
  }
}

function statusOf(counts: Counts, lag: Lag): object {
  const { bytes, malformed, oversize, batches, retries, rejected } = counts;
  const services = [...counts.all()].map(({ service, lines }) => ({
    service,
    lines: Object.fromEntries(levelNames.map((level, index) => [level, lines[index]])),
  }));
  return { bytes, malformed, oversize, batches, retries, rejected, lag, services };
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
