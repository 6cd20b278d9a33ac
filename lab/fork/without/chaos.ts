import { type Edit, remove } from '../edits.ts';

/** What the files that stay lose with the experiments. */
export const withoutChaos: Readonly<Record<string, readonly Edit[]>> = {
  'README.md': [remove(/^`npm run chaos` breaks .*\n\n/gm)],
};
