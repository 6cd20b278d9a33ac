import { ConfigError, type Environment } from '../../../src/config/environment.ts';
import type { Destination, Signal } from './forwarder.ts';

const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];

/**
 * Reads the user's Collector from the standard variables of an OTLP exporter, by signal.
 *
 * @param ownPort port of the console, which must not forward to itself
 * @returns `undefined` if no endpoint is set
 * @throws {ConfigError} if an endpoint is not a URL, or is the console itself
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function readCollector(
  env: Environment,
  ownPort: number,
): Partial<Record<Signal, Destination>> | undefined {
  const faults: string[] = [];
  const destinations = signals.flatMap((signal) => {
    const variable = (what: string) => `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${what}`;
    const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    const own = env[variable('ENDPOINT')];
    const url = own || (base && `${base.replace(/\/$/, '')}/v1/${signal}`);
    if (!url) return [];
    const fault = faultOf(url, ownPort);
    if (fault !== undefined) {
      faults.push(`${own ? variable('ENDPOINT') : 'OTEL_EXPORTER_OTLP_ENDPOINT'} ${fault}`);
      return [];
    }
    const headers = parseHeaders(env[variable('HEADERS')] || env['OTEL_EXPORTER_OTLP_HEADERS'] || '');
    return [[signal, { url, headers }] as const];
  });
  if (faults.length > 0) throw new ConfigError([...new Set(faults)]);
  return destinations.length > 0 ? Object.fromEntries(destinations) : undefined;
}

function faultOf(url: string, ownPort: number): string | undefined {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    return `must be a URL that starts with http:// or https://`;
  const { hostname, port } = new URL(url);
  const isOwn = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) && port === String(ownPort);
  return isOwn ? 'is the console itself, which would forward in a loop' : undefined;
}

/** Comma-separated `name=value` pairs with percent-encoded values. */
function parseHeaders(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(pair));
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1] ?? '', decoded(pair[2] ?? '')]] : [])));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
