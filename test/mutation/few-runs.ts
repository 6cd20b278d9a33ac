import fc from 'fast-check';

/** A property that finds a mutant finds it within a few runs, and a run of all mutants takes minutes instead of hours. */
fc.configureGlobal({ numRuns: 25 });
