/** UUIDv7 in lower case, as the database prints it. */
const orderId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * The cursor of a page: the id of its last order. It is encoded so that clients treat it as opaque, and its content can
 * change.
 */
export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** Returns `undefined` unless `encodeCursor` made the cursor. */
export function decodeCursor(cursor: string): string | undefined {
  const id = Buffer.from(cursor, 'base64url').toString();
  return orderId.test(id) && encodeCursor(id) === cursor ? id : undefined;
}
