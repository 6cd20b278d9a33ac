/**
 * Why a server cannot be used, from its answer to INFO; `undefined` if it can. Sentinels do not store anything, a replica
 * refuses writes, and a node of a cluster refuses most keys.
 *
 * @see https://redis.io/docs/latest/commands/info/
 */
export function whyUnsuitable(info: string): string | undefined {
  // Valkey 8 and newer call it `server_mode`, unless extended-redis-compatibility is on.
  const [, mode = 'standalone'] = /^(?:redis|server)_mode:(\w+)/m.exec(info) ?? [];
  if (mode !== 'standalone')
    return `REDIS_URL leads to a ${mode} server: Sentinel and Cluster are not supported`;
  return /^role:slave/m.test(info)
    ? 'REDIS_URL leads to a read-only replica, and not to its primary'
    : undefined;
}
