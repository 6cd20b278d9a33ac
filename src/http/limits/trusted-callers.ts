import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import type { CallerConfig } from '../../config/http-config.ts';
import { normalizeForwarded, reportedScheme } from './forwarded.ts';

/** Decides whether what a client says about its trace is believed. */
export type CallerTrust = (request: IncomingMessage) => boolean;

/** Trusts a client by its address, as the trusted proxies report it: a proxy may pass on the headers of anyone. */
export function createCallerTrust({ trustedCallers, ...proxies }: CallerConfig): CallerTrust {
  if (trustedCallers === 'all') return () => true;
  if (trustedCallers.length === 0) return () => false;
  const isTrusted = amongAddresses(trustedCallers);
  const addressOf = reportedAddress(proxies);
  return (request) => isTrusted(addressOf(request));
}

export type Proxies = Omit<CallerConfig, 'trustedCallers'>;

/** Finds the address that Fastify has in `request.ip`, before Fastify has seen the request. */
export function reportedAddress({ trustProxy, proxyHeader }: Proxies): (request: IncomingMessage) => string {
  if (trustProxy === false) return ({ socket }) => socket.remoteAddress ?? '';
  const isProxy = proxyCheck(trustProxy);
  return ({ headers, socket }) => {
    normalizeForwarded(headers, proxyHeader);
    const reported = String(headers['x-forwarded-for'] ?? '').split(',');
    const chain = [socket.remoteAddress ?? '', ...reported.map((address) => address.trim()).toReversed()];
    const known = chain.filter((address) => address !== '');
    return known.find((address, hop) => !isProxy(address, hop)) ?? known.at(-1) ?? '';
  };
}

/** Finds whether Fastify has `https` in `request.protocol`, before Fastify has seen the request. */
export function tlsReport({
  trustProxy,
  proxyHeader,
}: Proxies): (request: { headers: IncomingHttpHeaders }, socket: Socket) => boolean {
  if (trustProxy === false) return () => false;
  const isProxy = proxyCheck(trustProxy);
  return ({ headers }, socket) =>
    reportedScheme(headers, proxyHeader) === 'https' && isProxy(socket.remoteAddress ?? '', 0);
}

function proxyCheck(
  trusted: Exclude<Proxies['trustProxy'], false>,
): (address: string, hop: number) => boolean {
  return typeof trusted === 'function' ? trusted : amongAddresses(trusted);
}

/** @param ranges addresses, and ranges in CIDR notation */
function amongAddresses(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}
