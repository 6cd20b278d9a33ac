import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { problemSchema } from './problem-details.ts';

test('a problem names its code before its ids, and its faults last', () => {
  const { properties } = problemSchema({ problems: {}, members: { orderId: Type.String() } });
  // The serializer writes the members in the order of the schema.
  expect(Object.keys(properties)).toEqual([
    'type',
    'title',
    'status',
    'detail',
    'code',
    'requestId',
    'traceId',
    'orderId',
    'errors',
  ]);
});
