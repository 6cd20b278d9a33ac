import { expect, test } from 'vitest';
import { forkFiles } from './fork.ts';
import { forkNames } from './names.ts';

test.each([
  { name: 'desk', resource: 'parcel', uids: ['desk-dependencies', 'desk-parcels', 'desk-service'] },
  {
    name: 'customer-subscription-billing-and-such-x',
    resource: 'interdepartmentalreservation',
    uids: [
      'customer-subscription-billi-dependencies',
      'customer-s-interdepartmentalreservations',
      'customer-subscription-billing-an-service',
    ],
  },
])('Grafana takes the dashboards of $name, and every link leads to one', async ({ name, resource, uids }) => {
  const names = forkNames({ name, resource });
  const files = [...(await forkFiles({ names, without: [], license: 'UNLICENSED', holder: '' }))];
  const found = files
    .filter(([file]) => file.startsWith('grafana/source/'))
    .flatMap(([, text]) => Array.from(text.matchAll(/^ {2}uid: '([^']+)'/gm), ([, uid = '']) => uid));
  expect(found).toHaveLength(6);
  expect(found).toEqual(expect.arrayContaining(uids));
  // https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
  expect(found.filter((uid) => uid.length > 40)).toEqual([]);
  const linked = files.flatMap(([, text]) =>
    Array.from(text.matchAll(/:7074\/d\/([\w-]+)/g), ([, uid = '']) => uid),
  );
  expect(linked.length).toBeGreaterThan(20);
  expect(linked.filter((uid) => !found.includes(uid))).toEqual([]);
});
