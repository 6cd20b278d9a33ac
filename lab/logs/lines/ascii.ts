/** Bytes that separate lines, and the parts of a JSON value. */

export const lineFeed = 0x0a;
export const space = 0x20;
export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const backslash = 0x5c;
