/** Keeps a processor busy for as long as its parent process is there. */

/** Milliseconds between two looks whether it is. */
const slice = 50;

function burn(): void {
  const end = performance.now() + slice;
  while (performance.now() < end);
  setImmediate(burn);
}

// Comes with the end of the parent as well, however that ended.
process.on('disconnect', () => process.exit());
burn();
