import { combinations } from './combinations.ts';
import { partForks } from './walk-parts.ts';

export interface Given {
  forks?: boolean | undefined;
  parts?: boolean | undefined;
  recipes?: boolean | undefined;
  memory?: boolean | undefined;
  only: string;
}

export interface Chosen {
  forks: boolean;
  parts: boolean;
  recipes: boolean;
  memory: boolean;
  /** Names of forks and parts; empty for all. */
  only: readonly string[];
}

/** What is made and tested. @throws {Error} if `--only` names what is not */
export function choose({
  forks = false,
  parts = false,
  recipes = false,
  memory = false,
  only: list,
}: Given): Chosen {
  const everything = !forks && !parts && !recipes && !memory;
  const only = list.split(',').filter(Boolean);
  const forkNames: string[] = everything || forks ? combinations.map(({ name }) => name) : [];
  const partNames = everything || parts ? partForks.map(({ title }) => title) : [];
  const known = [...forkNames, ...partNames];
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined && known.length === 0)
    throw new Error('--only needs --forks or --parts. Try --help.');
  if (unknown !== undefined)
    throw new Error(`--only takes ${known.join(', ')}, not "${unknown}". Try --help.`);
  const namesAny = (names: readonly string[]) =>
    only.length === 0 || names.some((name) => only.includes(name));
  return {
    forks: everything ? namesAny(forkNames) : forks,
    parts: everything ? namesAny(partNames) : parts,
    // They have no names.
    recipes: everything ? only.length === 0 : recipes,
    memory,
    only,
  };
}
