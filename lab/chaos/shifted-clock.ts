/**
 * Preloaded into a replica. The message `{ type: 'shift_clock', milliseconds }` from the parent process shifts its calendar
 * time, as on a machine with a wrong clock. Timers and `performance.now()` use the monotonic clock and stay right.
 */

let shift = 0;
const RealDate = Date;

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

process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('type' in message)) return;
  if (message.type === 'shift_clock' && 'milliseconds' in message) shift = Number(message.milliseconds);
});
