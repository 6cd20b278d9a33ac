/**
 * The cursor is the id of the last order on the page. It is wrapped so that clients do not build their own and the
 * content can change.
 */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** `undefined` where the text is no cursor of ours. */
export function decodeCursor(cursor: string): string | undefined {
  const id = Buffer.from(cursor, 'base64url').toString();
  return uuid.test(id) && encodeCursor(id) === cursor ? id : undefined;
}
