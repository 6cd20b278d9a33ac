import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** The header in which trusted proxies report for whom they forward a request. Only one is read: a proxy writes one and may pass on the other as its client sent it. */
export type ProxyHeader = 'x-forwarded-for' | 'forwarded';

/**
 * Brings what proxies report into the form that Fastify reads: bare addresses in `x-forwarded-for`, and scheme and host in
 * `x-forwarded-proto` and `x-forwarded-host`. Register it before the first hook that asks for the address.
 */
export function readForwarded(app: FastifyInstance, header: ProxyHeader): void {
  app.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    normalizeForwarded(headers, header);
    done();
  });
}

/** The same for the headers of one request. It may be repeated. */
export function normalizeForwarded(headers: IncomingHttpHeaders, header: ProxyHeader): void {
  const listed = headers['x-forwarded-for'];
  if (header === 'forwarded') replaceByForwarded(headers);
  // One bare address is the common case, and needs nothing.
  else if (typeof listed === 'string' && isIP(listed) === 0)
    headers['x-forwarded-for'] = listed.split(',').map(addressIn).join(', ');
}

/** The scheme in which the client speaks with the nearest proxy, as that one reports it. */
export function reportedScheme(headers: IncomingHttpHeaders, header: ProxyHeader): string | undefined {
  if (header === 'forwarded')
    return elementsOf(headers.forwarded ?? '')
      .map(pairsOf)
      .at(-1)
      ?.get('proto');
  return String(headers['x-forwarded-proto'] ?? '')
    .split(',')
    .at(-1)
    ?.trim();
}

/**
 * The address in a node identifier (RFC 7239, section 6): without a port, brackets and quotes. Some proxies write these into
 * `x-forwarded-for`, too. A text without an address, such as `unknown`, is returned as it is.
 */
export function addressIn(node: string): string {
  const text = node.trim().replace(/^"(.*)"$/, '$1');
  const [, address = text] = /^\[([^\]]*)\](?::\d*)?$/.exec(text) ?? /^([^:]*):\d*$/.exec(text) ?? [];
  return isIP(address) === 0 ? text : address;
}

function replaceByForwarded(headers: IncomingHttpHeaders): void {
  const hops = elementsOf(headers.forwarded ?? '').map(pairsOf);
  // The last element is the one of the nearest proxy.
  const nearest = hops.at(-1);
  delete headers['x-forwarded-for'];
  delete headers['x-forwarded-proto'];
  delete headers['x-forwarded-host'];
  if (hops.length === 0) return;
  headers['x-forwarded-for'] = hops.map((hop) => addressIn(hop.get('for') ?? 'unknown')).join(', ');
  for (const name of ['proto', 'host'] as const) {
    const value = nearest?.get(name);
    if (value !== undefined) headers[`x-forwarded-${name}`] = value;
  }
}

/**
 * Splits the header at the commas outside quoted strings, from its end to its start: what a client sent stands first, so an
 * open quote of its own cannot reach into the elements that proxies added.
 */
function elementsOf(header: string): string[] {
  const elements: string[] = [];
  let end = header.length;
  let isQuoted = false;
  for (let at = header.length - 1; at >= 0; at -= 1) {
    if (header[at] === '"' && !isEscaped(header, at)) isQuoted = !isQuoted;
    if (header[at] !== ',' || isQuoted) continue;
    elements.unshift(header.slice(at + 1, end));
    end = at;
  }
  return [header.slice(0, end), ...elements].filter((element) => element.trim() !== '');
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text[before] === '\\') before -= 1;
  return (quote - before) % 2 === 0;
}

/** One `name=value` of an element; the value is a token or a quoted string. */
const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]+))[ \t]*(?:;|$)/y;

/** The pairs of an element by their names in lower case. Empty if any of it is malformed. */
function pairsOf(element: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  pair.lastIndex = 0;
  while (pair.lastIndex < element.length) {
    const [, name, quoted, token = ''] = pair.exec(element) ?? [];
    if (name === undefined) return new Map();
    pairs.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? token);
  }
  return pairs;
}
