import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { withoutBrackets } from '../../config/host-and-port.ts';

/** Why a request must not come from the page that sent it. */
export type Stranger = 'wrong_host' | 'wrong_origin';

/** Decides whether a value of `Host` is a name of this server. */
export type KnownHosts = (host: string) => boolean;

/**
 * Recognizes the requests that a page of another site sends through the browser of somebody who can reach this listener.
 * Such a listener asks for no key, so being unreachable for others is its only lock, and every page in a browser on the
 * same machine or network can send requests there.
 *
 * - **Another host**: the page's own name was pointed at this address (DNS rebinding), so the browser lets it read answers.
 * - **Another origin**: the page sends requests across origins. It cannot read the answers, but the requests take effect.
 *
 * Programs send neither `Origin` nor `Sec-Fetch-Site`. A browser always sends `Host`; HTTP/1.0 health checks need not.
 *
 * @see https://owasp.org/www-community/attacks/csrf
 */
export function strangerIn(headers: IncomingHttpHeaders, isKnown: KnownHosts): Stranger | undefined {
  const { host, origin } = headers;
  if (host !== undefined && !isKnown(host)) return 'wrong_host';
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
    return 'wrong_origin';
  return comesFromElsewhere(headers) ? 'wrong_origin' : undefined;
}

/** Another site may link here; every other request that it starts is refused. */
function comesFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}

/**
 * Knows IP addresses, `localhost`, and the given names, of which `*.example.org` stands for every name below it. An address
 * needs no list: a browser that shows it as the host has asked no DNS.
 */
export function addressesAnd(names: readonly string[]): KnownHosts {
  const isNamed = hostsNamed(['localhost', '*.localhost', ...names]);
  return (host) => {
    const name = hostnameOf(host);
    return isIP(withoutBrackets(name)) !== 0 || isNamed(name);
  };
}

/** Knows the given names, of which `*.example.org` stands for every name below it. */
export function hostsNamed(names: readonly string[]): (name: string) => boolean {
  const exact = new Set(names.filter((name) => !name.startsWith('*.')));
  const endings = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return (name) => exact.has(name) || endings.some((ending) => name.endsWith(ending));
}

/** The name in a value of `Host`: in lower case, without the port. Empty if it has none. */
export function hostnameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.replace(/\.$/, '') : '';
}
