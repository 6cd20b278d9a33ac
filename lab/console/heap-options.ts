/**
 * Options of Node for the console, the same as in the script `console` of package.json. Decoded records die young, one by one, but
 * V8 lets a heap that grows fast reach a multiple of what is kept, unless it prefers memory to speed. Both start it with a cache of
 * compiled modules, too: without it, the process keeps what strips their types, 30 MiB.
 */
export const heapOptions = ['--max-semi-space-size=8', '--optimize-for-size'] as const;
