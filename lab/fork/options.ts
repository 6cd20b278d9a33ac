import type { ForkNames } from './names.ts';

export interface ForkOptions {
  names: ForkNames;
  /** Names of parts that are left out. */
  without: readonly string[];
  /** An SPDX identifier with a text of its own here, or `UNLICENSED`. */
  license: License;
  /** Who holds the copyright, for the text of the licence. */
  holder: string;
}

export const licenses = ['UNLICENSED', 'MIT'] as const;
export type License = (typeof licenses)[number];
