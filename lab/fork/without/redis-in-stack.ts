import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** What the files around the service lose with Redis, besides those of `asStarter`. */
export const withoutRedisInStack: Readonly<Record<string, readonly Edit[]>> = {
  'docker-compose.yml': [
    withoutBlock('valkey:'),
    remove(/^ +(?:valkey: \{ condition: service_healthy \}|REDIS_URL: .*)\n/gm),
  ],
  '.env.example': [remove(/^VALKEY_VERSION=.*\n/gm)],
  'otel-collector/config.yaml': [withoutBlock('redis:'), replace('[postgresql, redis]', '[postgresql]')],
  'prometheus/rules/saturation.yml': [withoutBlock('- alert: RedisUnavailable')],
  'prometheus/rules-tests/saturation.test.yml': [
    withoutBlock('- name: Redis is down'),
    withoutBlock('- name: Redis is restarted'),
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
