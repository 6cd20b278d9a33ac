import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** What the files around the service lose with Redis, besides those of `asStarter`. */
export const withoutRedisInStack: Readonly<Record<string, readonly Edit[]>> = {
  'docker-compose.yml': [
    withoutBlock('valkey:'),
    remove(/^ +# Not for valkey: .*\n/gm),
    remove(/^ +REDIS_URL: .*\n/gm),
  ],
  '.env.example': [remove(/^VALKEY_VERSION=.*\n/gm)],
  'otel-collector/config.yaml': [withoutBlock('redis:'), replace('[postgresql, redis]', '[postgresql]')],
  'prometheus/prometheus.yml': [replace('from spans, Postgres and Valkey', 'from spans and Postgres')],
  'prometheus/rules-tests/orders.test.yml': [
    replace(', and the one of Redis stays open', ', and the one of another dependency stays open'),
    replace('breaker="redis"', 'breaker="other"'),
  ],
  'grafana/source/colours.ts': [remove(/, redis: '[\w-]+'/g)],
  'grafana/source/dependencies.ts': [
    replace(
      'one attempt at the dependency, one statement with its retries, one Redis command',
      'one attempt at the dependency, one statement with its retries',
    ),
    replace('Attempts, statements and commands a second', 'Attempts and statements a second'),
  ],
  'grafana/source/service.ts': [remove(' Redis appears if it is configured.')],
  'test/operations/signals.test.ts': [
    replace(
      '/** Series that are there only with REDIS_URL, and a level that ends the process. */',
      '/** A level that ends the process. */',
    ),
    replace("['redis', 'refused', 'fatal']", "['fatal']"),
  ],
  'deploy/README.md': [replace(/ `REDIS_URL`,\n/g, '\n')],
  'prometheus/rules/saturation.yml': [withoutBlock('- alert: RedisUnavailable')],
  'prometheus/rules-tests/saturation.test.yml': [
    withoutBlock('- name: Redis is down'),
    withoutBlock('- name: Redis refuses the writes'),
    withoutBlock('- name: Redis refuses writes for two minutes'),
    withoutBlock('- name: Redis is restarted'),
    withoutBlock('- name: a scrape fails while Redis is down'),
  ],
  'docs/runbooks/README.md': [remove(/^\| `RedisUnavailable`.*\n/gm)],
  'test/operations/compose.test.ts': [withoutBlock("test('a container that starts as a fixed user")],
  'deploy/chart/values.yaml': [remove(/^# {3}REDIS_URL .*\n/gm), remove(/^ {4}redis: .*\n/gm)],
  'deploy/chart/templates/deployment.yaml': [remove(' "REDIS_URL" true')],
  'deploy/chart/templates/networkpolicy.yaml': [remove(' "redis"')],
  'deploy/source/values-schema.ts': [remove(/^ +redis: destination,\n/gm)],
  'deploy/source/collector.ts': [remove(' redis: _redis,')],
  'deploy/values/managed.yaml': [
    remove(/^ {4}redis:\n(?: {6}.*\n)+/gm),
    replace('in between, Redis, the', 'in between, the'),
  ],
};
