import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** Every fault of the dependency with its default, which is none. */
export const FaultSettings = Type.Object(
  {
    errorRate: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description: 'share of the calls that are answered 500; nothing is confirmed',
    }),
    delayMs: Type.Integer({
      minimum: 0,
      maximum: 60_000,
      default: 0,
      description: 'delay of every answer in milliseconds; the call has its effect after it',
    }),
  },
  { additionalProperties: false },
);
export type FaultSettings = Static<typeof FaultSettings>;

export const noFaults: FaultSettings = { errorRate: 0, delayMs: 0 };

const someFaults = Compile(Type.Partial(FaultSettings));

/** @returns undefined if the body is not made of settings; one that it omits is none */
export function faultsIn(body: unknown): FaultSettings | undefined {
  return someFaults.Check(body) ? { ...noFaults, ...body } : undefined;
}

/** The names of those that are set. */
export function active(faults: FaultSettings): string[] {
  return Object.entries(faults)
    .filter(([, value]) => value !== 0)
    .map(([name]) => name);
}
