import type { Live } from './live.ts';

/** What the tiles read. */
export type Readings = Pick<Live, 'columns' | 'latest'>;

export interface Shown {
  value: string;
  beside: string;
  tone?: 'bad' | 'warn' | 'ok';
}

export interface Tile {
  title: string;
  /** Without a value: nothing was read in the latest second, or there is nothing to divide by. */
  show(live: Readings): Shown | undefined;
}

/** Stands for a value that does not exist. */
export const none = '–';

/** The value of the latest second. */
export function now({ columns }: Readings, column: string): number | null {
  return columns.get(column)?.at(-1) ?? null;
}
