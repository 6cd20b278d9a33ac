import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visible } from './visible.ts';

test.each([
  ['an override of the direction', 'a\u202Ecod.exe', 'a\\u202ecod.exe'],
  ['an isolate', '\u2066admin\u2069', '\\u2066admin\\u2069'],
  ['a mark of a direction', '\u200E\u200F\u061C', '\\u200e\\u200f\\u061c'],
  ['a zero-width character', 'or\u200Bders\uFEFF', 'or\\u200bders\\ufeff'],
  ['a soft hyphen', 'or\u00ADders', 'or\\u00adders'],
  ['a colour of a terminal', '\u001B[31mred', '\\u001b[31mred'],
  ['a control of C1', '\u009B31m', '\\u009b31m'],
  ['a carriage return within a line', 'paid\rfailed', 'paid\\u000dfailed'],
  ['a tag', 'a\u{E0041}', 'a\\u{e0041}'],
  ['a separator of lines', 'a\u2028b', 'a\\u2028b'],
  ['a filler', '\u3164', '\\u3164'],
  ['a joiner between letters', 'pay\u200Dpal', 'pay\\u200dpal'],
  ['a variant of a letter', 'a\uFE0F', 'a\\ufe0f'],
])('%s is shown escaped', (_name, text, shown) => {
  expect(visible(text)).toBe(shown);
});

test.each([
  ['a text in any script', 'Zoë, שלום, مرحبا, 你好, हिन्दी'],
  ['lines and tabs', 'Error: no\n\tat charge\r\n\tat place'],
  ['an emoji of several characters', '👩‍🚀 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ 👍🏽 1️⃣ ✔︎'],
])('%s is left as it is', (_name, text) => {
  expect(visible(text)).toBe(text);
});

test('nothing that is shown is invisible, and escaping twice changes nothing', () => {
  const letters = fc.constantFrom('a', ' ', '\\', 'ש', '👩', '❤');
  const hidden = fc.constantFrom('\u202E', '\u2069', '\u200D', '\uFE0F', '\u0000', '\u0085', '\u{E0001}');
  fc.assert(
    fc.property(fc.array(fc.oneof(letters, hidden)), (parts) => {
      const shown = visible(parts.join(''));
      // Joiners and variants within emoji alone are left.
      for (const character of ['\u202E', '\u2069', '\u0000', '\u0085', '\u{E0001}'])
        expect(shown).not.toContain(character);
      expect(shown.length).toBeGreaterThanOrEqual(parts.join('').length);
      expect(visible(shown)).toBe(shown);
    }),
  );
});
