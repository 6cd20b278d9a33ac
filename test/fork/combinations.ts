import { forkNames } from '../../lab/fork/names.ts';
import { parts } from '../../lab/fork/parts.ts';

/** The three forks that are installed, started, called and tested: all parts, some, none; a regular plural and irregular ones. */
export const combinations = [
  { name: 'bookings', resource: 'booking', without: [] },
  { name: 'pet-hotel', resource: 'puppy', without: ['kubernetes', 'traffic', 'ci'] },
  { name: 'daycare-2', resource: 'child', plural: 'children', without: Object.keys(parts) },
] as const;

export type Combination = (typeof combinations)[number];

export const namesOf = (combination: Combination) =>
  forkNames({
    ...combination,
    plural: 'plural' in combination ? combination.plural : undefined,
  });
