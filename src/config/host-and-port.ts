/** As a URL writes them, where the last colon of an IPv6 address could not be told from that of the port. */
export function hostAndPort({ host, port }: { host: string; port: number | string }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** As sockets take it: an IPv6 address has brackets in a URL only. */
export const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
