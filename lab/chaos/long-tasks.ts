/**
 * Preloaded into a replica: blocks its event loop with a long synchronous task every so often, as a defect in its code would.
 * The parent process sends `{ type: 'long_tasks', length, every }`, in milliseconds; a length of 0 ends it.
 */

let timer: NodeJS.Timeout | undefined;

/** The function that a CPU profile must name. */
function blockEventLoop(length: number): number {
  const until = performance.now() + length;
  let sum = 0;
  // Asks for the time rarely, or the profile would name the clock.
  while (performance.now() < until) for (let turn = 0; turn < 100_000; turn += 1) sum += Math.sqrt(turn);
  return sum;
}

process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('type' in message)) return;
  if (message.type !== 'long_tasks' || !('length' in message) || !('every' in message)) return;
  const { length, every } = { length: Number(message.length), every: Number(message.every) };
  clearInterval(timer);
  if (length > 0) timer = setInterval(() => blockEventLoop(length), every).unref();
});
