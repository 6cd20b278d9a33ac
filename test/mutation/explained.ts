import { explainedInDomain } from './explained-in-domain.ts';
import type { Explained } from './judge.ts';

const sameEffect = 'the effect is the same';
const typeGuard = 'the condition is for the type checker: it always holds';
const internal = 'the text is of an error that never leaves the file';

/** Every mutant that survives, with the reason. `npm run test:mutation` fails at any other, and at a stale entry. */
export const explained: readonly Explained[] = [
  {
    file: 'admission/adaptive-limit.ts',
    code: 'delay > target',
    by: 'delay >= target',
    because: `${sameEffect}: at the target, neither growing nor shrinking changes the limit`,
  },
  {
    file: 'admission/concurrency-limiter.ts',
    code: 'queued > 0',
    by: 'true',
    because: `${sameEffect}: without queued requests there is none to admit`,
  },
  {
    file: 'admission/concurrency-limiter.ts',
    code: 'queued > 0',
    by: 'queued >= 0',
    because: `${sameEffect}: without queued requests there is none to admit`,
  },
  {
    file: 'admission/load-sampler.ts',
    code: 'performance.eventLoopUtilization(utilization, before).utilization > busy',
    by: 'performance.eventLoopUtilization(utilization, before).utilization >= busy',
    because: 'only a loop that is busy for exactly 90 % of the time is different',
  },
  {
    file: 'batching/micro-batcher.ts',
    code: 'true',
    by: 'false',
    because: `${sameEffect}: a second turn of the event loop finds nothing left to send`,
  },
  {
    file: 'batching/micro-batcher.ts',
    code: 'sending',
    by: 'false',
    because: `${sameEffect}: a second turn of the event loop finds nothing left to send`,
  },
  {
    file: 'batching/micro-batcher.ts',
    code: 'waiting.length > 0',
    because: `${sameEffect}: an empty batch is not sent`,
  },
  { file: 'batching/micro-batcher.ts', code: 'only !== undefined', by: 'true', because: typeGuard },
  {
    file: 'batching/micro-batcher.ts',
    code: 'remaining !== Infinity',
    by: 'true',
    because: `${sameEffect}: a time limit without a bound takes no timer`,
  },
  {
    file: 'batching/micro-batcher.ts',
    code: 'batch.map(({ deadline }) => deadline).filter((deadline) => deadline !== noDeadline)',
    because: `${sameEffect}: the minimum ignores Infinity`,
  },
  {
    file: 'batching/micro-batcher.ts',
    code: 'deadline !== noDeadline',
    by: 'true',
    because: `${sameEffect}: the minimum ignores Infinity`,
  },
  {
    file: 'batching/micro-batcher.ts',
    code: 'deadlines.length === 0',
    by: 'false',
    because: `${sameEffect}: the minimum of nothing is Infinity`,
  },
  ...explainedInDomain,
  {
    file: 'resilience/circuit-breaker.ts',
    code: 'false',
    by: 'true',
    because: 'opossum then keeps statistics that nobody reads, which costs time and changes nothing',
  },
  {
    file: 'resilience/circuit-breaker.ts',
    code: 'from !== to',
    by: 'true',
    because: 'opossum reports a transition only when the state changes; the condition does not rely on it',
  },
  {
    file: 'resilience/circuit-breaker.ts',
    code: '[]',
    by: '["Stryker was here"]',
    because: `${sameEffect}: the suspects are set whenever the circuit opens, and read only while it is not closed`,
  },
  {
    file: 'resilience/circuit-breaker.ts',
    code: 'successes > 0',
    by: 'successes >= 0',
    because: `${sameEffect}: without a success the share of failures is 1 or NaN, and neither is within the error share`,
  },
  {
    file: 'resilience/circuit-breaker.ts',
    code: 'successes > 0',
    by: 'true',
    because: `${sameEffect}: without a success the share of failures is 1 or NaN, and neither is within the error share`,
  },
  { file: 'resilience/circuit-breaker.ts', code: "'failed call'", because: internal },
  {
    file: 'resilience/deadline.ts',
    code: 'remaining === Infinity',
    by: 'false',
    because: `${sameEffect}: a time limit without a bound takes no timer`,
  },
  { file: 'resilience/retry-with-full-jitter.ts', code: "'failed attempt'", because: internal },
  {
    file: 'resilience/suspensions.ts',
    code: 'suspensions.size === 0',
    by: 'false',
    because: `${sameEffect}: no cause is found among no suspensions`,
  },
  {
    file: 'resilience/suspensions.ts',
    code: 'suspended.length === 0',
    by: 'false',
    because: `${sameEffect}: a probe of no suspension has no causes, and its end changes nothing`,
  },
  {
    file: 'resilience/suspensions.ts',
    code: 'each === undefined',
    by: 'false',
    because: 'the condition is for the type checker: it never holds',
  },
  {
    file: 'resilience/time-limit.ts',
    code: 'running - ran >= 1',
    by: 'running - ran > 1',
    because: 'only a wait with exactly 1 ms left is different: timers are no more exact',
  },
  {
    file: 'resilience/time-limit.ts',
    code: 'startedAt + elapsed - now >= 1',
    by: 'startedAt + elapsed - now > 1',
    because: 'only a wait with exactly 1 ms left is different: timers are no more exact',
  },
];
