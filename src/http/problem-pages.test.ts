import fastify from 'fastify';
import { expect, test } from 'vitest';
import { problems } from './problem-details.ts';
import { serveProblemPages } from './problem-pages.ts';

test('the page of a kind of problem that does not exist points to the list of all, which every listener has', async () => {
  const app = fastify();
  serveProblemPages(app, problems);
  const unknown = await app.inject('/problems/nothing');
  expect([unknown.statusCode, unknown.json<object>()]).toMatchObject([
    404,
    { code: 'route_not_found', detail: 'There is no such kind of problem. See /problems for all of them.' },
  ]);
  expect((await app.inject('/problems')).statusCode).toBe(200);
});
