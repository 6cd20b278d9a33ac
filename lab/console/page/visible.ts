const picture = String.raw`\p{Extended_Pictographic}[\ufe0e\ufe0f\p{Emoji_Modifier}]?`;
/**
 * What is left as it is: emoji are made with joiners and variants, flags of countries with tags, and a line may end with both of its
 * characters. `\p{RGI_Emoji}` would list them all, but compiling that takes a tenth of a second.
 */
const meant = String.raw`\u{1f3f4}\u{e0067}\u{e0062}[\u{e0061}-\u{e007a}]{3}\u{e007f}|${picture}(?:\u200d${picture})*|[0-9#*]\ufe0f\u20e3|\r\n`;
/**
 * Characters that show nothing, and can hide text or reorder what stands beside it: controls (except for tabs and line ends, which show as
 * space), the characters that Unicode lets a font ignore (bidirectional overrides, isolates and marks, zero-width characters, fillers,
 * variants and tags), annotations, and separators of lines and paragraphs.
 *
 * @see https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 * @see https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
 */
const unseen = String.raw`[[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u{fff9}-\u{fffb}]--[\t\n]]`;
const anyUnseen = new RegExp(unseen, 'v');
const meantOrUnseen = new RegExp(`${meant}|(${unseen})`, 'gv');

/** A text with each character that cannot be seen written as `\u202e`. */
export function visible(text: string): string {
  // Nearly no text has one.
  if (!anyUnseen.test(text)) return text;
  return text.replace(meantOrUnseen, (found, hidden: string | undefined) =>
    hidden === undefined ? found : escaped(hidden),
  );
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}
