/**
 * Options of Node for the console. Decoded records die young, one by one, but V8 lets a heap that grows fast reach a multiple of what is
 * kept, unless it is told how far, in percent of that. It marks in one go, in 30 to 40 ms: while it marks bit by bit, the records that
 * arrive meanwhile are 17 MiB more.
 */
export const heapOptions = [
  '--max-semi-space-size=6',
  '--heap-growing-percent=25',
  '--no-incremental-marking',
] as const;

/**
 * The memory of requests and of blocks is not V8's: glibc would keep what each of its threads has freed for that thread, and what is freed
 * between two small pieces for good.
 *
 * @see https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
 */
export const heapEnvironment = {
  MALLOC_ARENA_MAX: '1',
  /** Bytes from which a piece of memory goes back to the system when it is freed. */
  MALLOC_MMAP_THRESHOLD_: '32768',
} as const;

/**
 * The script `console` of package.json. A cache of compiled modules saves memory, too: without it, the process keeps what strips their
 * types, 30 MiB.
 */
export const consoleScript = [
  'NODE_COMPILE_CACHE=.data/compile-cache',
  ...Object.entries(heapEnvironment).map(([name, value]) => `${name}=${value}`),
  'exec node',
  ...heapOptions,
  'lab/console/main.ts',
].join(' ');
