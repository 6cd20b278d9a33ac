import { isIP, SocketAddress } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Of a request: the address that Fastify finds, and its connection. */
export type Caller = Pick<FastifyRequest, 'ip' | 'socket'>;

/**
 * The address that a request counts against: the peer of the connection, or the address that a trusted proxy reports.
 * An IPv6 address counts as its /64, because every subscriber of a provider owns at least that many addresses.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6177
 */
export function clientAddress({ ip, socket }: Caller): string {
  // A trusted proxy may forward what its client wrote, which can be any text.
  return networkOf(isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip);
}

/**
 * Returns an IPv4 address unchanged, or unmapped if it comes as an IPv6 address, and an IPv6 address as its /64.
 *
 * @param address a valid IP address, or an empty string if the connection has closed meanwhile
 */
export function networkOf(address: string): string {
  // A listener on both versions shows IPv4 clients in mapped form. It is the common case, so it takes no parsing.
  const plain = unmapped(address);
  if (isIP(plain) !== 6) return plain;

  // The canonical form (RFC 5952) has one spelling per address, no zone, and dots in a mapped IPv4 address.
  const canonical = unmapped(new SocketAddress({ address: plain, family: 'ipv6' }).address);
  if (isIP(canonical) === 4) return canonical;
  const [before = [], after = []] = canonical.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

/** Returns the IPv4 address that a mapped IPv6 address holds, and any other address unchanged. */
function unmapped(address: string): string {
  const rest = address.startsWith(mappedPrefix) ? address.slice(mappedPrefix.length) : '';
  // `::ffff:0:0:1` has the same prefix but is not mapped: in it, `::` stands for fewer zeros.
  return isIP(rest) === 4 ? rest : address;
}

const mappedPrefix = '::ffff:';
