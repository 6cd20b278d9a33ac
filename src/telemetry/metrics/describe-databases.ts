import type { Config } from '../../config/config.ts';
import { readDatabaseUrl } from '../../config/database-url.ts';
import { hostAndPort } from '../../config/host-and-port.ts';
import { serverOfUrl } from '../server-of-url.ts';
import type { ConventionContext } from './conventions.ts';

/**
 * The databases as the metrics of the conventions name them. With several hosts a series has no address: it would have to
 * change with the server that is found, and a series cannot.
 */
export function describeDatabases({
  postgres,
  redis,
}: Pick<Config, 'postgres' | 'redis'>): ConventionContext {
  const { hosts, database = '' } = readDatabaseUrl(postgres.url.reveal());
  const [first] = hosts;
  const only = hosts.length === 1 ? first : undefined;
  const redisUrl = redis?.url.reveal() ?? 'redis://';
  const { address, port } = serverOfUrl(redisUrl, 6379);
  return {
    databases: {
      postgres: {
        'db.system.name': 'postgresql',
        'db.namespace': database,
        'server.address': only?.host,
        'server.port': only && String(only.port),
      },
      redis: {
        'db.system.name': 'redis',
        'db.namespace': new URL(redisUrl).pathname.slice(1) || '0',
        'server.address': address,
        'server.port': String(port),
      },
    },
    pool: {
      // As the conventions compose a name for a pool that has none.
      name: `${hosts.map(hostAndPort).join(',')}/${database}`,
      max: postgres.poolMax,
    },
  };
}
