/** Words that begin with the letter of a vowel and the sound of none, such as a unit or a euro. */
const asConsonant = /^(?:eu|ew|once|one|uni(?![mn])|u(?:s[aeiu]|t[eiou]|k|b[ei]|r[aeio]n))/;
/** The other way round. */
const silentConsonant = /^(?:hour|heir|honou?r|honest)/;

/** The indefinite article of a noun. */
export function articleOf(noun: string): 'a' | 'an' {
  const isVowel = /^[aeiou]/.test(noun) ? !asConsonant.test(noun) : silentConsonant.test(noun);
  return isVowel ? 'an' : 'a';
}
