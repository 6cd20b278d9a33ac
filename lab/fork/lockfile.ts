/** The part of package-lock.json that a fork keeps, as npm itself writes it, so that `npm install` in the fork changes nothing. */

type Versions = Readonly<Record<string, string>>;

export interface Dependent {
  dependencies?: Versions;
  devDependencies?: Versions;
  optionalDependencies?: Versions;
  peerDependencies?: Versions;
  peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>;
}

export interface Lockfile {
  lockfileVersion: number;
  packages: Readonly<Record<string, Dependent>>;
}

/** How one package asks for another. */
interface Need {
  dev?: boolean;
  optional?: boolean;
  peer?: boolean;
}

const marks: ReadonlySet<string> = new Set(['dev', 'optional', 'devOptional', 'peer']);

/**
 * The locked packages that a root needs, each with the marks that say whether it is needed only for development, only as an
 * option, or only as a peer.
 *
 * @see https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#packages
 */
export function lockedPackages({ packages }: Lockfile, root: Dependent): Record<string, object> {
  const inPlace = { ...packages, '': root };
  // A peer that is an option brings no package, and counts as a need of one that is there.
  const there = reached(inPlace, ({ peer, optional }) => !(peer && optional));
  const kept = Object.fromEntries(Object.entries(inPlace).filter(([place]) => there.has(place)));
  const inProduction = reached(kept, ({ dev }) => !dev);
  const required = reached(kept, ({ optional }) => !optional);
  const requiredInProduction = reached(kept, ({ dev, optional }) => !dev && !optional);
  const notAsPeer = reached(kept, ({ peer }) => !peer);

  return Object.fromEntries(
    Object.entries(packages)
      .filter(([place]) => place !== '' && there.has(place))
      .map(([place, locked]) => {
        const unmarked = Object.fromEntries(Object.entries(locked).filter(([key]) => !marks.has(key)));
        const [dev, optional] = [!inProduction.has(place), !required.has(place)];
        const marked = {
          ...unmarked,
          ...(dev && { dev }),
          ...(optional && { optional }),
          ...(!dev && !optional && !requiredInProduction.has(place) && { devOptional: true }),
          ...(!notAsPeer.has(place) && { peer: true }),
        };
        return [place, inOrder(marked)];
      }),
  );
}

/** The places that lead from the root over needs of a kind. */
function reached(
  packages: Readonly<Record<string, Dependent>>,
  isFollowed: (need: Need) => boolean,
): ReadonlySet<string> {
  const places = new Set(['']);
  for (const from of places)
    for (const [name, need] of needsOf(packages[from] ?? {})) {
      const place = isFollowed(need) ? placeOf(name, from, packages) : undefined;
      if (place !== undefined) places.add(place);
    }
  return places;
}

function needsOf(dependent: Dependent): Map<string, Need> {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = dependent;
  const needs = new Map<string, Need>();
  const add = (versions: Versions = {}, needOf: (name: string) => Need) => {
    for (const name of Object.keys(versions)) needs.set(name, needOf(name));
  };
  add(peerDependencies, (name) => ({
    peer: true,
    optional: dependent.peerDependenciesMeta?.[name]?.optional ?? false,
  }));
  add(dependencies, () => ({}));
  add(optionalDependencies, () => ({ optional: true }));
  add(devDependencies, () => ({ dev: true }));
  return needs;
}

/** Where Node finds a package: in the folder of who asks, or above it. */
function placeOf(
  name: string,
  from: string,
  packages: Readonly<Record<string, unknown>>,
): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder}/node_modules/${name}`.replace(/^\//, '');
    if (place in packages) return place;
    if (folder === '') return undefined;
  }
}

const firstKeys = ['name', 'version', 'resolved', 'integrity', 'dependencies'];

/** npm's sequence of members: objects behind all others, the keys above before all others, then the alphabet. */
export function inOrder(entry: object): object {
  const rank = ([key, value]: [string, unknown]) =>
    (typeof value === 'object' && !Array.isArray(value) ? 10 : 0) +
    (firstKeys.includes(key) ? firstKeys.indexOf(key) : 9);
  return Object.fromEntries(
    Object.entries(entry).toSorted((a, b) => rank(a) - rank(b) || a[0].localeCompare(b[0], 'en')),
  );
}
