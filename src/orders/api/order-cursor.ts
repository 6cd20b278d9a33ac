/**
 * The cursor is the id of the last order on the page. It is encoded so that clients do not build their own, and its
 * content can change.
 */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** Returns `undefined` unless `encodeCursor` made the cursor. */
export function decodeCursor(cursor: string): string | undefined {
  const id = Buffer.from(cursor, 'base64url').toString();
  return uuid.test(id) && encodeCursor(id) === cursor ? id : undefined;
}
