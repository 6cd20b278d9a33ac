/**
 * A copy of a part of a text. V8 keeps the whole text in memory for as long as a part of it is kept, so what outlives the request or the
 * exposition that it comes from is copied.
 */
export const ownText = (part: string): string => Buffer.from(part, 'utf16le').toString('utf16le');
