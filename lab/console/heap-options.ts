/**
 * Options of Node for the console, the same as in the script `console` of package.json. Decoded records die young, one by one, but
 * V8 lets a heap that grows fast reach a multiple of what is kept, unless it prefers memory to speed. Both start it with a cache of
 * compiled modules, too: without it, the process keeps what strips their types, 30 MiB. The young generation has 1 MiB then, and to wake
 * threads for each of its collections costs more than they save.
 */
export const heapOptions = [
  '--max-semi-space-size=8',
  '--optimize-for-size',
  '--no-parallel-scavenge',
] as const;
