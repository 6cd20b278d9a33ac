import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Preloaded into a replica: shifts its calendar time, as on a machine with a wrong clock. Timers and `performance.now()` use
 * the monotonic clock and stay right. The shift is that of the module's URL (`?milliseconds=-60000`, default 0), until the
 * parent process sends `{ type: 'shift_clock', milliseconds }`.
 */

let shift = Number(new URL(import.meta.url).searchParams.get('milliseconds'));
const RealDate = Date;
const realUUIDv7 = crypto.randomUUIDv7;

class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + shift);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;

/** Node makes the time of a UUIDv7 with a Date of its own. RFC 9562: the first 48 bits are milliseconds since 1970. */
function shiftedUUIDv7(options?: crypto.RandomUUIDOptions): string {
  const id = realUUIDv7(options);
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) + shift;
  const digits = time.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}${id.slice(13)}`;
}

Object.assign(crypto, { randomUUIDv7: shiftedUUIDv7 });
syncBuiltinESMExports();

process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('type' in message)) return;
  if (message.type === 'shift_clock' && 'milliseconds' in message) shift = Number(message.milliseconds);
});
