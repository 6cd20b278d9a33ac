import { maskCardNumbers } from './card-numbers.ts';

/**
 * Replaces card numbers, e-mail addresses and credentials in a text, plain or percent-encoded. Why not a library: pino's
 * `redact` and its like remove fields by name, and no single package finds all of these inside free text. API keys are
 * recognized by the formats of their providers, so a key that looks like an ordinary word stays.
 */
export function scrub(text: string): string {
  const clean = scrubPlain(text);
  return clean.includes('%') ? scrubEscaped(clean, deepestEscape) : clean;
}

/** A URL in a URL is escaped twice. */
const deepestEscape = 2;

function scrubEscaped(text: string, depth: number): string {
  const plain = text.replaceAll(/%([2-7][\da-f])/gi, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  if (plain === text) return text;
  const clean = scrubPlain(plain);
  const cleaner = depth > 1 ? scrubEscaped(clean, depth - 1) : clean;
  // Returns the original with its escapes if they hide nothing.
  return cleaner === plain ? text : cleaner;
}

function scrubPlain(text: string): string {
  let clean = maskCardNumbers(text);
  if (clean.includes('@')) {
    clean = clean
      .replaceAll(/:\/\/[^\s/?#@]{1,256}@/g, '://[credentials]@')
      .replaceAll(/[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, '[e-mail]');
  }
  return clean.replaceAll(credentials, (_all, scheme: string | undefined) =>
    scheme === undefined ? '[key]' : `${scheme} [redacted]`,
  );
}

const credentials = new RegExp(
  [
    String.raw`\b(bearer|basic) +[\w.~+/=-]+`,
    // Stripe and OpenAI, GitHub, GitLab, npm, Slack: a prefix, then many characters with at least one digit.
    String.raw`(?<![a-z\d])(?:[sprw]k|whsec|gh[oprsu]|github_pat|glpat|npm|xox[abprs])[_-](?=[a-z_-]{0,64}\d)[\w-]{16,255}`,
    // AWS, Google, and every JSON Web Token.
    String.raw`(?<![a-z\d])(?:(?:AKIA|ASIA)[A-Z\d]{16}|AIza[\w-]{35}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}(?:\.[\w-]*)?)`,
  ].join('|'),
  'gi',
);
