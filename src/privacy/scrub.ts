/**
 * Text without card numbers, e-mail addresses and credentials, be they written as they are or escaped as in a URL. An
 * API key is known by the form in which its provider gives it out: one that could be any word stays.
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
  // With its escapes, where there is nothing to hide.
  return cleaner === plain ? text : cleaner;
}

function scrubPlain(text: string): string {
  let clean = manyDigits.test(text)
    ? text.replaceAll(digitRuns, (run) => (holdsCardNumber(run) ? '[card number]' : run))
    : text;
  if (clean.includes('@')) {
    clean = clean
      .replaceAll(/:\/\/[^\s/?#@]{1,256}@/g, '://[credentials]@')
      .replaceAll(/[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, '[e-mail]');
  }
  return clean.replaceAll(credentials, (_all, scheme: string | undefined) =>
    scheme === undefined ? '[key]' : `${scheme} [redacted]`,
  );
}

/** Most texts have none, and asking costs less than replacing. */
const manyDigits = /\d[\d -]{11}/;
const digitRuns = /\d[\d -]{11,}\d/g;

const credentials = new RegExp(
  [
    String.raw`\b(bearer|basic) +[\w.~+/=-]+`,
    // Stripe and OpenAI, GitHub, GitLab, npm, Slack: a prefix, and then at least a digit among many letters.
    String.raw`(?<![a-z\d])(?:[sprw]k|whsec|gh[oprsu]|github_pat|glpat|npm|xox[abprs])[_-](?=[a-z_-]{0,64}\d)[\w-]{16,255}`,
    // AWS, Google, and any JSON Web Token.
    String.raw`(?<![a-z\d])(?:(?:AKIA|ASIA)[A-Z\d]{16}|AIza[\w-]{35}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}(?:\.[\w-]*)?)`,
  ].join('|'),
  'gi',
);

/** Card numbers have 13 to 19 digits (ISO/IEC 7812), in groups or in one. Other numbers may stand beside them. */
function holdsCardNumber(run: string): boolean {
  const groups = run.split(/[ -]+/);
  for (let first = 0; first < groups.length; first += 1) {
    let digits = '';
    for (let last = first; last < groups.length && digits.length < 19; last += 1) {
      digits += groups[last];
      if (digits.length >= 13 && digits.length <= 19 && passesLuhn(digits)) return true;
    }
  }
  return false;
}

/** https://en.wikipedia.org/wiki/Luhn_algorithm: nine of ten numbers that are no card fail it. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2;
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
