/** Preloaded into each subject, so that the processor time of both is read in the same way, by the process itself. */
process.on('message', (message) => {
  if (message === 'cpu') process.send?.(process.cpuUsage());
});
