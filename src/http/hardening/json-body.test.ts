import * as fc from 'fast-check';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { faultIn, readJsonBodies } from './json-body.ts';

const faultOf = (text: string) => faultIn(text, JSON.parse(text));
const duplicate = 'An object in the body has a duplicate member. Send each member once.';
const tooMany = 'The body holds more than 1000 values. Send fewer.';

test.each([
  ['{}'],
  ['[]'],
  ['0'],
  ['null'],
  ['""'],
  ['"a:b"'],
  [String.raw`"\":"`],
  ['{"a":1,"b":2}'],
  ['{"a":"a","b":"a"}'],
  ['{"a":{"a":{"a":1}}}'],
  ['[{"a":1},{"a":1}]'],
  ['{"a":",\\"a\\":","b":1}'],
  ['{"a":":","b":":"}'],
  [String.raw`{"a":"\\","b":"\\\""}`],
  ['{"a":1,"A":2}'],
  ['{"é":1,"e\u0301":2}'],
  ['{"":1," ":2}'],
  ['\t{ "a" \r\n: [ "b" , "b" ] }\n'],
  ['{"1":1,"01":2}'],
])('%s has no duplicate member', (text) => {
  expect(faultOf(text)).toBeUndefined();
});

test.each([
  ['{"a":1,"a":1}'],
  ['{"a":1,"b":2,"a":3}'],
  ['{"a":{},"a":{}}'],
  ['{"a":{"x":1,"y":2},"a":[]}'],
  ['{"a":[1,{"b":1,"b":2}]}'],
  ['[{"a":1,"a":1},{"a":1}]'],
  [String.raw`{"a":1,"\u0061":2}`],
  [String.raw`{"\"":1,"\u0022":2}`],
  ['{"":1,"":2}'],
  ['{"1":1,"1":2}'],
  ['{ "a" : 1 ,\n "a"\t: 2 }'],
])('%s has a duplicate member', (text) => {
  expect(faultOf(text)).toBe(duplicate);
});

const objectOf = (members: number) =>
  `{${Array.from({ length: members }, (_, index) => `"${index}":0`).join()}}`;

test.each([
  ['elements', `[${'0,'.repeat(999)}0]`, `[${'0,'.repeat(1000)}0]`],
  ['members', objectOf(1000), objectOf(1001)],
  ['levels', `${'['.repeat(1001)}${']'.repeat(1001)}`, `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
])('faultIn accepts a thousand %s and refuses more', (_what, enough, tooMuch) => {
  expect(faultOf(enough)).toBeUndefined();
  expect(faultOf(tooMuch)).toBe(tooMany);
});

/** A tree whose objects are lists of members, so that a name can repeat. */
type Tree = string | number | null | Tree[] | { members: Array<[string, Tree]> };
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', ':', ',', '{', ' ', 'é') }),
    fc.integer(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.record({
      members: fc.array(fc.tuple(fc.string({ unit: fc.constantFrom('a', '"', '\\', ':') }), tie('tree')), {
        maxLength: 4,
      }),
    }),
  ),
}));

function write(value: Tree, space: string): string {
  if (Array.isArray(value)) return `[${value.map((each) => write(each, space)).join(`${space},`)}${space}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = value.members.map(
    ([name, member]) => `${space}${JSON.stringify(name)}${space}:${space}${write(member, space)}`,
  );
  return `{${members.join(',')}${space}}`;
}

function repeatsItself(value: Tree): boolean {
  if (Array.isArray(value)) return value.some(repeatsItself);
  if (typeof value !== 'object' || value === null) return false;
  const names = value.members.map(([name]) => name);
  return new Set(names).size < names.length || value.members.some(([, member]) => repeatsItself(member));
}

test('faultIn finds a duplicate member in any JSON if and only if an object has one', () => {
  fc.assert(
    fc.property(tree, fc.constantFrom('', ' ', '\r\n\t'), (value, space) => {
      expect(faultOf(write(value, space))).toBe(repeatsItself(value) ? duplicate : undefined);
    }),
    { numRuns: 1000 },
  );
});

const poisoned =
  'An object in the body has a member `__proto__`, or `constructor` with a `prototype`. Leave it out.';

test.each([
  ['{"__proto__":{"a":1}}', poisoned],
  [String.raw`{"a":[{"\u005f\u005fproto__":1}]}`, poisoned],
  ['{"constructor":{"prototype":{}}}', poisoned],
  ['{"__proto__":', 'Body is not valid JSON but content-type is set to '],
])('a body of %j is refused for what is wrong with it', async (body, fault) => {
  const app = fastify();
  readJsonBodies(app);
  app.post('/', () => 'taken');
  app.setErrorHandler((error, _request, reply) => reply.send(error instanceof Error ? error.message : ''));
  const headers = { 'content-type': 'application/json' };
  const { body: answer } = await app.inject({ method: 'POST', url: '/', headers, payload: body });
  expect(answer).toContain(fault);
});
