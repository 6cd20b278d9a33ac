import { withoutBrackets } from '../config/host-and-port.ts';

/**
 * The server of a URL as `server.address` and `server.port` name it: a URL writes an IPv6 address in brackets, and the
 * conventions write it without.
 *
 * @param defaultPort where the server listens if the URL does not say; that of HTTP or HTTPS by default
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/server/
 */
export function serverOfUrl(url: string | URL, defaultPort?: number): { address: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return {
    address: withoutBrackets(hostname),
    port: port === '' ? (defaultPort ?? (protocol === 'https:' ? 443 : 80)) : Number(port),
  };
}
