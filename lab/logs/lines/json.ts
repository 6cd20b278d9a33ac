/** A bigint is a whole number that a double cannot hold, and 64 bits can. */
export type Json = string | number | bigint | boolean | null | Json[] | { [name: string]: Json };

/**
 * Reads JSON, as JSON.parse does but for whole numbers beyond 2^53: an id of 19 digits keeps them all.
 *
 * @throws {SyntaxError}
 */
export function parseJson(text: string): Json {
  return (manyDigits.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)) as Json;
}

/** Each value costs a call, so only texts that may have such a number pay for it. */
const manyDigits = /\d{16}/;

function exactly(_name: string, value: unknown, { source = '' }: { source?: string } = {}): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(source)) return value;
  const whole = BigInt(source);
  return BigInt.asIntN(64, whole) === whole ? whole : value;
}
