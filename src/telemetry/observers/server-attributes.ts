import { isIP } from 'node:net';
import type { Span } from '@opentelemetry/api';
import type { FastifyRequest } from 'fastify';
import { scrub } from '../../privacy/scrub.ts';
import { constantAttributes, type ConstantAttributes, oncePerPair } from '../otlp/constant-attributes.ts';
import { rememberLast } from '../tracing/remember-last.ts';
import type { HttpNames } from './http-names.ts';

export type Scheme = 'http' | 'https';

/** The name and the constant attributes of requests of one kind. */
export interface RequestKind {
  name: string;
  constant: ConstantAttributes;
}

/** Both keys of a cache have few values: the methods that Node parses, and our routes. */
export function createRequestKinds(
  names: HttpNames,
): (scheme: Scheme, method: string, route: string) => RequestKind {
  const kindsOf = (scheme: Scheme) =>
    oncePerPair((method, route): RequestKind => {
      const known = names.methodOf(method);
      return {
        name: names.spanName(method, route),
        constant: constantAttributes({
          'http.request.method': known,
          ...(known !== method && { 'http.request.method_original': method }),
          'url.scheme': scheme,
          ...(route && { 'http.route': route }),
          ...(/^[^:*]+$/.test(route) && { 'url.path': route }),
        }),
      };
    });
  const kinds = { http: kindsOf('http'), https: kindsOf('https') };
  return (scheme, method, route) => kinds[scheme](method, route);
}

/** The scheme that the client used. Behind a trusted proxy a header says it, which may hold any text. */
export function schemeOf({ protocol }: FastifyRequest): Scheme {
  return /^https$/i.test(protocol) ? 'https' : 'http';
}

// A search for secrets takes time, and most texts equal those of the request before.
const scrubPath = rememberLast(scrub);
const scrubUserAgent = rememberLast(scrub);
const serverIn = rememberLast(serverOf);

/**
 * Sets the attributes that differ between requests of one kind. `server.*` is the server that the client addressed, which
 * behind a trusted proxy is the proxy.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function describeStart(span: Span, request: FastifyRequest, { constant }: RequestKind): void {
  const { socket, url } = request;
  const peer = socket.remoteAddress ?? '';
  // Scrubbed, because a client can put a secret into it.
  const path = pathOf(url);
  if (path !== constant.attributes['url.path']) span.setAttribute('url.path', scrubPath(path));
  const { address, port } = serverIn(request.host);
  if (address !== '') {
    span.setAttribute('server.address', address);
    span.setAttribute('server.port', port ?? (constant.attributes['url.scheme'] === 'https' ? 443 : 80));
  }
  // Behind a proxy this comes from a header, which may hold any text.
  span.setAttribute('client.address', isIP(request.ip) === 0 ? peer : request.ip);
  span.setAttribute('network.peer.address', peer);
  span.setAttribute('network.peer.port', socket.remotePort ?? 0);
  span.setAttribute('network.protocol.version', request.raw.httpVersion);
  const userAgent = request.headers['user-agent'];
  if (userAgent) span.setAttribute('user_agent.original', scrubUserAgent(userAgent));
}

/** The path of a request target, without the query. A target in absolute form, as a proxy gets it, has a scheme and a host before it. */
export function pathOf(target: string): string {
  const [path = ''] = target.split('?', 1);
  return path.startsWith('/') ? path : path.replace(/^https?:\/\/[^/]*\/?/i, '/');
}

/** The host and the port in a value of `Host`; an IPv6 address is without its brackets. */
export function serverOf(host: string): { address: string; port: number | undefined } {
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{0,5}))?$/.exec(host) ?? [];
  const address = bracketed ?? name;
  if (address === undefined) return { address: scrub(host), port: undefined };
  return { address: scrub(address.toLowerCase()), port: port ? Number(port) : undefined };
}
