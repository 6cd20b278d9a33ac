/** Keeps one processor busy for as long as its parent process lives. */

/** Milliseconds of work before the event loop can notice that the parent is gone. */
const slice = 50;

function burn(): void {
  const end = performance.now() + slice;
  while (performance.now() < end);
  setImmediate(burn);
}

// The channel also closes when the parent is killed.
process.on('disconnect', () => process.exit());
burn();
