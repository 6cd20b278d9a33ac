/** What the receiver of an accepted request did not take. */
export interface PartialSuccess {
  /** Spans or log records; 0 if the message is only a warning. */
  rejected: number;
  /** Written by the receiver. */
  message: string;
}

/**
 * Reads the answer to a request that was accepted. Some receivers answer in JSON whatever the request was in.
 *
 * @param decode reads the form of the request
 * @returns `undefined` if everything was taken, without a warning
 * @throws if the answer has another form than the specification's
 * @see https://opentelemetry.io/docs/specs/otlp/#partial-success-1
 */
export function readPartialSuccess(
  data: Uint8Array,
  decode: (data: Uint8Array) => unknown,
): PartialSuccess | undefined {
  if (data.length === 0) return undefined;
  const answer: unknown =
    data[0] === openingBrace ? JSON.parse(new TextDecoder().decode(data)) : decode(data);
  const partial = field(answer, 'partialSuccess');
  const count = field(partial, 'rejectedSpans') ?? field(partial, 'rejectedLogRecords');
  const message = field(partial, 'errorMessage');
  // A 64-bit integer is a text in JSON.
  const rejected = Math.max(0, Math.trunc(Number(count ?? 0))) || 0;
  const text = typeof message === 'string' ? message : '';
  return rejected === 0 && text === '' ? undefined : { rejected, message: text };
}

const openingBrace = 0x7b;

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
