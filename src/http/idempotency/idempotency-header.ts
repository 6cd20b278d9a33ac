import { Type } from 'typebox';
import { idempotencyKeyPattern } from './idempotency-key.ts';

/**
 * The request header of an operation that may be repeated, in its schema.
 *
 * @param example a key, without quotes
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07
 */
export function idempotencyHeader(example: string) {
  return {
    'idempotency-key': Type.Optional(
      Type.String({
        pattern: idempotencyKeyPattern,
        description: `Makes the request safe to repeat. A key has 1 to 255 characters, never expires, and belongs to the client that used it. It is the string of a structured field (RFC 9651), such as \`"${example}"\`: the quotes are syntax, and parameters are ignored. Without quotes, the whole value is the key, so \`${example}\` is the same key; it then has no spaces.`,
        examples: [`"${example}"`],
      }),
    ),
  };
}
