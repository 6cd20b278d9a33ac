/** How the bytes of a value can be used. */
export const kinds = {
  /** A string whose bytes are its text. */
  text: 0,
  /** A whole number of at most 15 digits, without a sign. */
  whole: 1,
  /** `true`, `false` or `null`. */
  literal: 2,
  /** Anything else, such as a string with escapes or an object: JSON.parse tells its value. */
  parsed: 3,
} as const;
