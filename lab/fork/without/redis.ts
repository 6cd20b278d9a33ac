import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** What the files that stay lose with Redis. */
export const withoutRedis: Readonly<Record<string, readonly Edit[]>> = {
  'src/service.ts': [
    remove(/^import \{ createRedis \}.*\n/gm),
    remove(/^ *const redis = config\.redis.*\n.*redis\?\.close\(\)\);\n/gm),
    remove(/^ *redis,\n/gm),
    remove(/^ *\.\.\.\(redis && .*\n/gm),
  ],
  'src/domain-contract.ts': [remove(/^import type \{ Redis \}.*\n/gm), withoutBlock('redis: Redis')],
  'src/probes.ts': [remove(/^import \{ observeRedis \}.*\n/gm), withoutBlock('redis: (')],
  'src/http/server.ts': [
    remove(/^import type \{ Redis \}.*\n/gm),
    remove(' and in the keys of Redis'),
    withoutBlock('redis: Pick'),
    remove(/^ *redis: parts\.redis,\n *keyPrefix: parts\.name,\n/gm),
  ],
  'src/http/limits/rate-limit.ts': [
    remove(/^import type \{ Redis \}.*\n/gm),
    withoutBlock('redis: Pick'),
    withoutBlock('keyPrefix: string'),
    replace('neither these headers nor a store that gives up on a slow Redis', 'no such headers'),
    replace('createRequestCounter(options)', 'createWindowLimit({ max, window })'),
    replace('const countRequest =', 'const requests ='),
    replace('async ({ clientId }, reply) => {', '({ clientId }, reply, done) => {'),
    replace('await countRequest(clientId)', 'requests.add(clientId)'),
    replace('if (!use.over) return;', 'if (!use.over) return done();'),
    replace(/throw new ServiceError\(([^]*?)\n {4}\);/g, 'done(new ServiceError($1\n    ));'),
    remove(/^\/\*\*\n \* Counts in Redis and in memory[^]*?^\}\n/gm),
    replace(', type WindowUse }', ' }'),
  ],
  'src/config/config.ts': [
    withoutBlock('redis: RedisConfig'),
    withoutBlock('export interface RedisConfig'),
    remove(/^ *redis: redisConfig\(value\),\n/gm),
    remove(/^ *\.\.\.mustNotBeZero\(value, 'REDIS.*\n/gm),
    withoutBlock('function redisConfig'),
  ],
  'src/config/variables.ts': [
    remove(/^import \{ redisUrl \}.*\n/gm),
    withoutBlock('REDIS_URL: optional'),
    withoutBlock('REDIS_COMMAND_TIMEOUT: duration'),
    replace(/\bapiKeys, duration, oneOf, optional, wholeNumber\b/g, 'apiKeys, duration, oneOf, wholeNumber'),
  ],
  'src/config/addresses.ts': [withoutBlock('export const redisUrl'), withoutBlock('function isDecodable')],
  'src/config/log-filter.ts': [remove(" 'redis',")],
  'src/telemetry/request-log.ts': [remove(/^ *redis_ms\?.*\n/gm)],
  'src/telemetry/metrics/dependency-metrics.ts': [
    replace('Postgres, Redis and the', 'Postgres and the'),
    replace('an SQLSTATE, or the code of an error of Redis', 'an SQLSTATE'),
    replace(
      'Time of one attempt at a dependency, of one statement with its retries, or of one Redis command.',
      'Time of one attempt at a dependency, or of one statement with its retries.',
    ),
  ],
  'src/telemetry/sdk/auto-instrumentation.ts': [
    remove(", 'ioredis'"),
    withoutBlock("'@opentelemetry/instrumentation-ioredis': {"),
  ],
  'src/telemetry/metrics/describe-databases.ts': [
    replace(
      /\{\n {2}postgres,\n {2}redis,\n\}: Pick<Config, 'postgres' \| 'redis'>/g,
      "{ postgres }: Pick<Config, 'postgres'>",
    ),
    remove(/^.*(?:redis\?\.url|[sS]erverOfUrl).*\n/gm),
    withoutBlock('redis: {'),
  ],
  'src/telemetry/metrics/conventions.ts': [remove('; the operation of Redis is the command')],
  'src/telemetry/metrics/metrics.ts': [remove(", redis: { 'db.system.name': 'redis' }")],
  'src/open-files.ts': [remove(' Redis,')],
  'src/identity.ts': [
    replace(
      /in Postgres and Redis \(the names of\n \* its connections\) and in the keys of Redis\. `namespace`/g,
      'and in Postgres (the names of its\n * connections). `namespace`',
    ),
  ],
};
