import { readFileSync } from 'node:fs';
import type { SecureVersion } from 'node:tls';
import { type Environment, read, UnfitValue, type Variable } from './environment.ts';
import { withoutBrackets } from './host-and-port.ts';

/**
 * A connection URI of PostgreSQL, as libpq reads it: several hosts, which server of them is wanted, and TLS. Parameters
 * that the service cannot honour are refused, because ignoring one such as `sslmode` would weaken a connection unseen.
 *
 * @see https://www.postgresql.org/docs/18/libpq-connect.html
 */
export interface DatabaseUrl {
  /** At least one. */
  hosts: readonly DatabaseHost[];
  user: string | undefined;
  password: string | undefined;
  /** Without a name, that of the user. `undefined` if the URL has neither. */
  database: string | undefined;
  applicationName: string | undefined;
  /** Command-line options for the session, such as `-c work_mem=8MB`. */
  options: string | undefined;
  /** The server that a session needs; never `any` with several hosts. */
  target: 'any' | 'read-write' | 'primary';
  /** `undefined` for a connection without TLS. */
  tls: DatabaseTls | undefined;
}

export interface DatabaseHost {
  /** A name, an address, or the folder of a Unix socket. */
  host: string;
  port: number;
}

export interface DatabaseTls {
  /** What the certificate of the server must prove: `full` its name too, `ca` only who issued it. */
  verify: 'full' | 'ca' | 'nothing';
  /** PEM. Without it, the authorities that Node brings count. */
  ca: string | undefined;
  /** PEM, for servers that ask for a certificate of the client. */
  cert: string | undefined;
  key: string | undefined;
  passphrase: string | undefined;
  minVersion: SecureVersion | undefined;
  /** Whether TLS begins at once, without asking the server first. */
  direct: boolean;
  channelBinding: 'disable' | 'prefer' | 'require';
}

const defaultPort = 5432;

/** libpq's parameters that have another place here, or no effect. */
const withoutEffect = new Set([
  'connect_timeout',
  'client_encoding',
  'fallback_application_name',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'sslcompression',
  'sslsni',
]);

/**
 * Parses DATABASE_URL. Files that it names are read now.
 *
 * @param env gives `sslmode` and the files of certificates if the URL does not, under libpq's names such as `PGSSLMODE`
 * @returns `undefined` for a text that is no such URL
 * @throws {UnfitValue} whose message does not repeat the text, which may hold a password
 */
function parseDatabaseUrl(text: string, env: Environment = {}): DatabaseUrl | undefined {
  const [, authority, path, query = ''] =
    /^postgres(?:ql)?:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text) ?? [];
  if (authority === undefined) {
    if (!/^postgres(ql)?:\/\//.test(text)) return undefined;
    throw new UnfitValue('has a "#": write it as %23');
  }
  // What follows a "/" in a password would be the name, which logs and telemetry repeat.
  if (path?.includes('@'))
    throw new UnfitValue(
      'has an "@" in the name of the database: write it as %40, or, if that is the rest of a password, the "/" before it as %2F',
    );
  return assemble(authority, path, query, env);
}

/** A variable of this form. Its value is the text, which only {@link readDatabaseUrl} takes apart. */
export const databaseUrl = (rest: Omit<Variable<string>, 'parse' | 'expected'>): Variable<string> => ({
  ...rest,
  expected,
  parse: (text, env) => (parseDatabaseUrl(text, env) === undefined ? undefined : text),
});

const expected = 'a URL that starts with postgres:// or postgresql://';

/** Takes a URL apart. @throws {ConfigError} unless it is the value of a {@link databaseUrl} variable */
export function readDatabaseUrl(text: string, env: Environment = process.env): DatabaseUrl {
  const variable = { expected, meaning: '', secret: true, parse: parseDatabaseUrl } as const;
  return read({ DATABASE_URL: variable }, { ...env, DATABASE_URL: text }).DATABASE_URL;
}

type Parameters = Map<string, string>;

function assemble(authority: string, path: string | undefined, query: string, env: Environment) {
  const parameters = parametersOf(query);
  const take = (name: string): string | undefined => {
    const value = parameters.get(name);
    parameters.delete(name);
    return given(value);
  };
  const at = authority.lastIndexOf('@');
  const [account, password] = at < 0 ? [] : splitOnce(authority.slice(0, at), ':');
  const user = take('user') ?? decode(account) ?? given(env['PGUSER']);
  const hosts = hostsOf(authority.slice(at + 1), take('host'), take('port'));
  const url: DatabaseUrl = {
    hosts,
    user,
    password: take('password') ?? decode(password),
    // pg would choose in the same way, and telemetry would not know the name.
    database: take('dbname') ?? decode(path) ?? given(env['PGDATABASE']) ?? user,
    applicationName: take('application_name'),
    options: take('options'),
    target: targetOf(take('target_session_attrs'), hosts),
    tls: tlsOf(take, env),
  };
  if ((take('load_balance_hosts') ?? 'disable') !== 'disable')
    throw new UnfitValue('has load_balance_hosts, but only one server can be written to');
  if (take('gssencmode') === 'require')
    throw new UnfitValue('has gssencmode=require, which is not supported');
  for (const name of parameters.keys()) {
    if (!withoutEffect.has(name)) throw new UnfitValue(unsupported(name, query));
  }
  return url;
}

/** An empty text says nothing. */
const given = (text: string | undefined): string | undefined => text || undefined;

/** What looks like a parameter may be the rest of a password with a "?" or a "&", and is not repeated then. */
function unsupported(name: string, query: string): string {
  return /@|password=/.test(query)
    ? 'has a parameter that is not supported (write "?" and "&" in a password as %3F and %26)'
    : `has the parameter "${name}", which is not supported`;
}

function hostsOf(inAuthority: string, host: string | undefined, port: string | undefined): DatabaseHost[] {
  // libpq takes the parameters before the authority, too.
  const written = host === undefined ? inAuthority.split(',') : host.split(',');
  const ports = port?.split(',') ?? [];
  if (ports.length > 1 && ports.length !== written.length)
    throw new UnfitValue(`has ${written.length} hosts and ${ports.length} ports`);
  return written.map((each, index) => {
    // In the parameter, a colon belongs to an IPv6 address, which needs no brackets there.
    const [, name = '', own] =
      host === undefined ? (/^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(each) ?? []) : [each, each];
    const number = ports[index] ?? ports[0] ?? own;
    return {
      host: decode(withoutBrackets(name)) || 'localhost',
      port: portOf(number),
    };
  });
}

function portOf(text: string | undefined): number {
  if (text === undefined || text === '') return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new UnfitValue(
      'has a port that is no number from 1 to 65535 (write "@", ":" and "/" in a password as %40, %3A and %2F)',
    );
  return port;
}

function targetOf(text: string | undefined, { length }: readonly DatabaseHost[]): DatabaseUrl['target'] {
  const target = text ?? (length > 1 ? 'read-write' : 'any');
  if (target === 'any' && length > 1)
    throw new UnfitValue(
      'has several hosts, of which target_session_attrs must choose: read-write or primary',
    );
  if (target === 'any' || target === 'read-write' || target === 'primary') return target;
  throw new UnfitValue(
    'has a target_session_attrs other than any, read-write and primary: the service writes',
  );
}

type Take = (name: string) => string | undefined;

function tlsOf(take: Take, env: Environment): DatabaseTls | undefined {
  const rootCert = take('sslrootcert') ?? env['PGSSLROOTCERT'];
  const mode = modeOf(take('sslmode'), take('ssl'), env, rootCert);
  const tls: DatabaseTls = {
    verify: verificationOf(mode, rootCert),
    ca: rootCert === 'system' ? undefined : fileOf('sslrootcert', rootCert),
    cert: fileOf('sslcert', take('sslcert') ?? env['PGSSLCERT']),
    key: fileOf('sslkey', take('sslkey') ?? env['PGSSLKEY']),
    passphrase: take('sslpassword'),
    minVersion: oneOf('ssl_min_protocol_version', take('ssl_min_protocol_version'), tlsVersions),
    direct: oneOf('sslnegotiation', take('sslnegotiation'), ['postgres', 'direct']) === 'direct',
    channelBinding:
      oneOf('channel_binding', take('channel_binding'), ['disable', 'prefer', 'require']) ?? 'prefer',
  };
  if (mode !== 'disable') return tls;
  if (tls.channelBinding === 'require' || tls.direct)
    throw new UnfitValue('asks for channel_binding or sslnegotiation, which need an sslmode');
  return undefined;
}

const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
const modes = ['disable', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'] as const;

function modeOf(
  sslmode: string | undefined,
  ssl: string | undefined,
  env: Environment,
  rootCert: string | undefined,
): (typeof modes)[number] {
  if (sslmode === 'allow')
    throw new UnfitValue('has sslmode=allow, which may send a password in the clear: use require or disable');
  // What JDBC writes.
  const jdbc = oneOf('ssl', ssl, ['true', 'false']);
  const otherwise = rootCert === 'system' ? 'verify-full' : 'disable';
  const written =
    sslmode ?? (jdbc === undefined ? env['PGSSLMODE'] : jdbc === 'true' ? 'require' : 'disable');
  return oneOf('sslmode', written, modes) ?? otherwise;
}

function verificationOf(mode: (typeof modes)[number], rootCert: string | undefined): DatabaseTls['verify'] {
  if (rootCert === 'system' && mode !== 'verify-full' && mode !== 'disable')
    throw new UnfitValue('has sslrootcert=system, which needs sslmode=verify-full');
  if (mode === 'verify-full') return 'full';
  if (mode === 'verify-ca' && rootCert === undefined)
    throw new UnfitValue(
      'has sslmode=verify-ca, which needs the file of an authority in sslrootcert; verify-full does not',
    );
  // libpq: with the file of an authority, `require` is as strict as `verify-ca`.
  return mode === 'verify-ca' || (mode === 'require' && rootCert !== undefined) ? 'ca' : 'nothing';
}

function oneOf<const T extends string>(
  name: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  if (value === undefined || value === '') return undefined;
  const found = known.find((each) => each === value);
  if (found === undefined) throw new UnfitValue(`has a value of ${name} other than ${known.join(', ')}`);
  return found;
}

function fileOf(parameter: string, file: string | undefined): string | undefined {
  if (file === undefined || file === '') return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN ')) return text;
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UnfitValue(`names the file ${file} in ${parameter}, which cannot be read: ${reason}`);
  }
  throw new UnfitValue(`names the file ${file} in ${parameter}, which is not in PEM form`);
}

function parametersOf(query: string): Parameters {
  const parameters: Parameters = new Map();
  for (const pair of query.split('&')) {
    const [name, value = ''] = splitOnce(pair, '=');
    if (pair !== '') parameters.set(decode(name) ?? '', decode(value) ?? '');
  }
  return parameters;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + separator.length)];
}

/** @returns `undefined` for an empty text */
function decode(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UnfitValue('has a "%" that begins no percent-encoding: write it as %25');
  }
}
