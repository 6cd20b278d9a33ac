import type { ListPosition } from '../order-store.ts';

/** UUIDv7 in lower case, as the database prints it. */
const orderId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * The cursor of a page: the position of its last order, as 8 bytes of time and the 16 of the id. It is encoded so that
 * clients treat it as opaque, and its content can change.
 */
export function encodeCursor({ time, id }: ListPosition): string {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64BE(BigInt(time));
  bytes.write(id.replaceAll('-', ''), 8, 'hex');
  return bytes.toString('base64url');
}

/** Returns `undefined` unless `encodeCursor` made the cursor. */
export function decodeCursor(cursor: string): ListPosition | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== 24 || bytes.toString('base64url') !== cursor) return undefined;
  const time = Number(bytes.readBigUInt64BE());
  const id = bytes.toString('hex', 8).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return Number.isSafeInteger(time) && orderId.test(id) ? { time, id } : undefined;
}
