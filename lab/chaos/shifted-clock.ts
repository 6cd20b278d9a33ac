/**
 * Preloaded into a replica: on `{ type: 'shift_clock', milliseconds }` from the parent process its calendar time is wrong
 * by so much, as on a machine whose clock was set wrongly. Timers and `performance.now()` go by another clock, as there.
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
