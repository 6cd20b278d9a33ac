import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/environment.ts';
import { loadEvidenceConfig } from './config.ts';
import { createTargets } from './targets.ts';

/** Docker's DNS: every replica behind the name of the service. */
const names: Record<string, string[]> = { orders: ['172.18.0.5', '172.18.0.6'], gone: [] };
const resolve = async (host: string) => names[host] ?? Promise.reject(new Error('ENOTFOUND'));

const targets = createTargets(
  loadEvidenceConfig({ EVIDENCE_TARGETS: 'orders:7071, 10.0.0.9:9000, [fd00::7]:7071, unknown:7071' })
    .targets,
  resolve,
);

test.each([
  ['the address of a replica', '172.18.0.6:7071', '172.18.0.6:7071'],
  ['the name itself', 'orders:7071', '172.18.0.5:7071'],
  ['the name in capital letters', 'ORDERS:7071', '172.18.0.5:7071'],
  ['a configured address', '10.0.0.9:9000', '10.0.0.9:9000'],
  ['a configured IPv6 address', '[fd00::7]:7071', '[fd00::7]:7071'],
])('an alert about %s is about that target', async (_what, instance, found) => {
  expect(await targets.find(instance)).toBe(found);
});

test.each([
  ['another port of a replica', '172.18.0.5:6379'],
  ['another address', '169.254.169.254:7071'],
  ['a name that is not configured', 'metadata.internal:7071'],
  ['a name that does not resolve', 'unknown:7071'],
  ['a path', '172.18.0.5:7071/../x'],
  ['a user and another host', '172.18.0.5:7071@evil.example:7071'],
  ['a URL', 'http://172.18.0.5:7071'],
  ['an address in another notation', '0xac120005:7071'],
  ['nothing', ''],
])('an alert about %s is about no target', async (_what, instance) => {
  expect(await targets.find(instance)).toBeUndefined();
});

test('whatever the label says, only a configured address is found', async () => {
  const allowed = await targets.all();
  expect(allowed).toEqual(['10.0.0.9:9000', '172.18.0.5:7071', '172.18.0.6:7071', '[fd00::7]:7071']);
  const label = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc
      .tuple(fc.oneof(fc.constantFrom(...allowed), fc.ipV4(), fc.ipV6(), fc.domain()), fc.string())
      .map((parts) => parts.join('')),
  );
  await fc.assert(
    fc.asyncProperty(label, async (instance) => {
      const found = await targets.find(instance);
      if (found !== undefined) expect(allowed).toContain(found);
    }),
  );
});

test.each([
  'orders',
  'orders:0',
  'orders:70710',
  'http://orders:7071',
  'orders:7071/x',
  '::1:7071',
  'a b:1',
  '',
])('EVIDENCE_TARGETS %j is refused', (text) => {
  expect(() => loadEvidenceConfig({ EVIDENCE_TARGETS: text === '' ? ',' : text })).toThrow(ConfigError);
});

test('the URL of the follow-up, which is a credential, is in no message and no print of the configuration', () => {
  const url = 'https://hooks.slack.com/services/T000/B000/hush-hush';
  expect(JSON.stringify(loadEvidenceConfig({ EVIDENCE_FOLLOW_UP_URL: url }))).not.toContain('hush');
  expect(() => loadEvidenceConfig({ EVIDENCE_FOLLOW_UP_URL: `${url}#x` })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hush') }),
  );
});
