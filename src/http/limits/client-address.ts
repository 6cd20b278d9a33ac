import { isIP, SocketAddress } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * The address that a request counts against: the peer of the connection, or the address that a trusted proxy reports.
 * An IPv6 address counts as its /64, because every customer of a provider owns at least that many addresses.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6177
 */
export function clientAddress({ ip, socket }: FastifyRequest): string {
  // A trusted proxy may forward what its client wrote, which can be any text.
  return networkOf(isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip);
}

/**
 * An IPv4 address as it is, also when it comes in an IPv6 form; an IPv6 address as its /64.
 *
 * @param address a valid IP address, or an empty text when a connection has none any more
 */
export function networkOf(address: string): string {
  // A listener on both versions shows IPv4 clients in this form. It is the common case, so it takes no parsing.
  const unmapped = address.startsWith(mappedV4) ? address.slice(mappedV4.length) : address;
  if (isIP(unmapped) !== 6) return unmapped;

  // The canonical form (RFC 5952) has one spelling per address, no zone, and dots in a mapped IPv4 address.
  const canonical = new SocketAddress({ address: unmapped, family: 'ipv6' }).address;
  if (canonical.startsWith(mappedV4)) return canonical.slice(mappedV4.length);
  const [before = [], after = []] = canonical.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

const mappedV4 = '::ffff:';
