/**
 * Options of Node for the console, and its environment, the same as in the script `console` of package.json. Decoded records die young, one
 * by one, but V8 lets a heap that grows fast reach a multiple of what is kept, unless it is told how far, in percent of that. The memory
 * of compressed requests and of blocks is not V8's: glibc would keep what each of its threads has freed for that thread. Both ways to start
 * it have a cache of compiled modules, too: without it, the process keeps what strips their types, 30 MiB.
 */
export const heapOptions = ['--max-semi-space-size=4', '--heap-growing-percent=15'] as const;

/** @see https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html */
export const heapEnvironment = { MALLOC_ARENA_MAX: '1' } as const;
