import type { Variable } from './environment.ts';

/** Variables that say where another server is, and what it knows us by. */

type Rest<T> = Omit<Variable<T>, 'parse' | 'expected'>;

/** The URL that paths are appended to. */
export const baseUrl = (rest: Rest<string>) => httpUrl(/[?#]/, 'user, password, query and fragment', rest);

/** The URL of a server as a whole. */
export const serverUrl = (rest: Rest<string>) =>
  httpUrl(/:\/\/[^/]*\/.|[?#]/, 'user, password, path, query and fragment', rest);

/** The URL of one page. */
export const pageUrl = (rest: Rest<string>) => httpUrl(/#/, 'user, password and fragment', rest);

/** Refuses the parts that the client would drop. A pattern finds them, because a parsed URL does not show empty ones. */
function httpUrl(dropped: RegExp, names: string, rest: Rest<string>): Variable<string> {
  return {
    ...rest,
    expected: `a URL that starts with http:// or https://, without ${names}`,
    parse: (raw) => {
      if (!/^https?:\/\//.test(raw) || !URL.canParse(raw)) return undefined;
      const { username, password } = new URL(raw);
      return username === '' && password === '' && !dropped.test(raw) ? raw : undefined;
    },
  };
}

/** The value of an Authorization header (RFC 9110, section 11.4): visible ASCII, with spaces between its parts. */
export const authorization = (rest: Rest<string>): Variable<string> => ({
  ...rest,
  expected: 'the value of an Authorization header, such as "Bearer …", of visible ASCII',
  parse: (raw) => (/^[!-~]+( +[!-~]+)*$/.test(raw) && raw.length <= 8192 ? raw : undefined),
});

/** The URL of one server. What the client would not use, or would take for an option, is refused rather than dropped. */
export const redisUrl = (rest: Rest<string>): Variable<string> => ({
  ...rest,
  expected:
    'the URL of one Redis server, such as redis://user:password@cache:6379/0 or rediss://…; Sentinel and Cluster are not supported',
  parse: (raw) => {
    if (!/^rediss?:\/\//.test(raw) || !URL.canParse(raw)) return undefined;
    const { hostname, pathname, search, hash, username, password } = new URL(raw);
    const isOneServer = hostname !== '' && !hostname.includes(',');
    const isNumber = /^\/?\d{0,9}$/.test(pathname);
    return isOneServer && isNumber && search === '' && hash === '' && isDecodable(`${username}:${password}`)
      ? raw
      : undefined;
  },
});

/** Whether every percent sign begins an encoded character. */
function isDecodable(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}
