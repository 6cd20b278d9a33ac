/** Text without card numbers, e-mail addresses and credentials. */
export function scrub(text: string): string {
  let clean = text.replaceAll(/\d[\d -]{11,}\d/g, (run) => (holdsCardNumber(run) ? '[card number]' : run));
  if (clean.includes('@')) {
    clean = clean
      .replaceAll(/:\/\/[^\s/@]{1,256}@/g, '://[credentials]@')
      .replaceAll(/[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, '[e-mail]');
  }
  return clean.replaceAll(/\b(bearer|basic) +[\w.~+/=-]+/gi, '$1 [redacted]');
}

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
