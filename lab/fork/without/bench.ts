import { type Edit, remove } from '../edits.ts';

/** What the files that stay lose with the benchmark. */
export const withoutBench: Readonly<Record<string, readonly Edit[]>> = {
  'knip.json': [remove(/,\s*"lab\/bench\/[^"]*"/g)],
  'README.md': [remove(/^`npm run bench` measures .*\n\n/gm)],
};
