import { hostAndPort, withoutBrackets } from '../config/host-and-port.ts';

/** Why no connection was made, by the code of the system's error. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no network to the host',
  ENOENT: 'there is no such socket',
  EACCES: 'permission is denied',
};

/** pg gives these no code. */
const timeouts: ReadonlySet<string> = new Set([
  'timeout expired',
  'Connection terminated due to connection timeout',
]);

/**
 * Says that no connection to the database could be made, with its host and port and without its password.
 *
 * @returns `undefined` for any other fault
 */
export function unreachable(databaseUrl: string, error: unknown): string | undefined {
  const reason = reasonOf(error);
  return reason && `PostgreSQL at ${addressOf(databaseUrl)} cannot be reached: ${reason}.`;
}

function reasonOf(error: unknown): string | undefined {
  // A host name with several addresses fails with one error for each address.
  if (error instanceof AggregateError)
    return [...new Set(error.errors.map(reasonOf).filter(Boolean))].join('; ') || undefined;
  // A file that cannot be read has the codes of a socket that is not there.
  if (!(error instanceof Error) || 'path' in error) return undefined;
  if (timeouts.has(error.message)) return 'no answer in time';
  return 'code' in error && typeof error.code === 'string' ? reasons[error.code] : undefined;
}

function addressOf(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'the address in DATABASE_URL';
  const { hostname, port, searchParams } = new URL(databaseUrl);
  const host = searchParams.get('host') ?? (withoutBrackets(hostname) || 'localhost');
  return hostAndPort({ host, port: searchParams.get('port') ?? (port || '5432') });
}
