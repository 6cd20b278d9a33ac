/** A key as the database has it. */
export interface IdempotencyKey {
  key: string;
  /**
   * The name under which earlier versions stored the key: they took its quotes for a part of it. A repeat of a
   * request that they answered finds its result there.
   */
  formerKey: string | undefined;
}

// The grammar of a structured field item (RFC 9651, sections 3.1.2 and 3.3). Each piece begins with another character,
// so that matching takes linear time.
const quoted = String.raw`(?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])`;
const bareItem = [
  String.raw`-?\d{1,15}(?:\.\d{1,3})?`,
  `"${quoted}*"`,
  String.raw`[A-Za-z*][!#$%&'*+.^_\x60|~\w:/-]*`,
  String.raw`:[A-Za-z0-9+/=]*:`,
  String.raw`\?[01]`,
  String.raw`@-?\d{1,15}`,
  String.raw`%"(?:[\x20\x21\x23\x24\x26-\x7E]|%[0-9a-f]{2})*"`,
].join('|');
const parameters = String.raw`(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:${bareItem}))?)*`;

/** The longest key, without its quotes and escapes. */
const longest = 255;

/**
 * The two forms of the header: the string of a structured field, as draft-ietf-httpapi-idempotency-key-header-07 has it,
 * and the bare key, which most clients send. A bare key is the whole value; it cannot begin with a quote.
 */
export const idempotencyKeyPattern = String.raw`^(?:[\x21\x23-\x7E][\x21-\x7E]{0,${longest - 1}}|"${quoted}{1,${longest}}"${parameters})$`;

/** What {@link idempotencyKeyPattern} asks for, in words for the client. */
export const idempotencyKeyForm = `must be one key of 1 to ${longest} ASCII characters: without spaces, or in double quotes`;

/** @param header the value of `Idempotency-Key`, which matches {@link idempotencyKeyPattern} */
export function readIdempotencyKey(header: string): IdempotencyKey {
  if (!header.startsWith('"')) return { key: header, formerKey: undefined };
  const [, text = ''] = /^"((?:[^"\\]|\\.)*)"/.exec(header) ?? [];
  const formerly = /^[\x21-\x7E]{1,255}$/.test(header);
  return { key: text.replaceAll(/\\(.)/g, '$1'), formerKey: formerly ? header : undefined };
}
