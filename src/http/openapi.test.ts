import fastify from 'fastify';
import { expect, test } from 'vitest';
import { serveOpenApi } from './openapi.ts';

test.each([
  ['MIT', { name: 'MIT', identifier: 'MIT' }],
  ['(MIT OR Apache-2.0)', { name: '(MIT OR Apache-2.0)', identifier: '(MIT OR Apache-2.0)' }],
  ['UNLICENSED', undefined],
  ['SEE LICENSE IN terms.txt', undefined],
  [undefined, undefined],
])('the OpenAPI document of a service with the licence %s grants no other one', async (license, granted) => {
  const app = fastify();
  const about = { title: 'Things', version: '1.0.0', description: 'All.', tags: [], exampleKey: 'key' };
  await serveOpenApi(app, { ...about, license }, { problems: {}, members: {} }, () => {});
  const { info } = (await app.inject('/openapi.json')).json<{ info: object }>();
  expect(info).toEqual({
    title: 'Things',
    version: '1.0.0',
    description: 'All.',
    ...(granted && { license: granted }),
  });
});
