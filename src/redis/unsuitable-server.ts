import { isErrorReply } from './answer-within.ts';

/**
 * Why a server cannot be used, from its answer to INFO; `undefined` if it can. Sentinels do not store anything, a replica
 * refuses writes, and a node of a cluster refuses most keys.
 *
 * @see https://redis.io/docs/latest/commands/info/
 */
export function whyUnsuitable(info: string): string | undefined {
  if (/^loading:1/m.test(info)) return 'Redis is still loading its data';
  // Valkey 8 and newer call it `server_mode`, unless extended-redis-compatibility is on.
  const [, mode = 'standalone'] = /^(?:redis|server)_mode:(\w+)/m.exec(info) ?? [];
  if (mode !== 'standalone')
    return `REDIS_URL leads to a ${mode} server: Sentinel and Cluster are not supported`;
  return /^role:slave/m.test(info)
    ? 'REDIS_URL leads to a read-only replica, and not to its primary'
    : undefined;
}

/**
 * Why a server cannot be used that answers INFO with an error; `undefined` if it can: an account that may not ask, or a server
 * without the command, is what REDIS_URL means.
 */
export function whyUnanswered(error: unknown): string | undefined {
  if (!isErrorReply(error)) return 'the connection broke';
  return /^(?:NOPERM|ERR unknown command)/i.test(error.message) ? undefined : error.message;
}
