import { expect, test } from 'vitest';
import { parseTraceState } from './trace-state.ts';

test.each([
  ['shop=4111111111111111,dd=s:1;t.tid:6749d2a100000000', 'dd=s:1;t.tid:6749d2a100000000'],
  ['shop=4111111111111111', undefined],
  [
    'ot=th:8;rv:6e6d1a75832a2f,dd=s:2;p:4f2a1c8e9b3d7a60',
    'ot=th:8;rv:6e6d1a75832a2f,dd=s:2;p:4f2a1c8e9b3d7a60',
  ],
])('of the trace state "%s", members without a secret stay', (tracestate, left) => {
  expect(parseTraceState(tracestate)?.serialize()).toBe(left);
});
