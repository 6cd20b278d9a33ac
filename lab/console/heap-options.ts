/**
 * Options of Node for the console, the same as in the script `console` of package.json. Decoded records die young, one by one, but
 * V8 lets a heap that grows fast reach a multiple of what is kept. Both start it with a cache of compiled modules, too: without
 * it, the process keeps what strips their types, 30 MiB.
 */
export const heapOptions = ['--max-semi-space-size=4', '--heap-growing-percent=25'] as const;

/**
 * Variables of glibc for the console, the same as in the script `console` of package.json. A block of 128 KiB or more goes back to the
 * system as soon as it is freed. By default, the first large body that is freed raises that size, and later ones leave holes in the heap of
 * malloc. Other systems ignore the variables.
 *
 * @see https://man7.org/linux/man-pages/man3/mallopt.3.html
 */
export const heapEnvironment = {
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_ARENA_MAX: '2',
} as const;
