/** The fields of package.json that decide what `npm ci` installs and runs. */
export interface PackageManifest {
  dependencies?: Readonly<Record<string, string>>;
  devDependencies?: Readonly<Record<string, string>>;
  optionalDependencies?: Readonly<Record<string, string>>;
  /** Whether npm runs the install scripts of a package, by the package's name. */
  allowScripts?: Readonly<Record<string, boolean>>;
}

/** One package in `packages` of package-lock.json. */
export interface LockedPackage {
  /** The name in the registry; only an alias has it, because its path has another name. */
  name?: string;
  version?: string;
  /** A subresource integrity hash of the tarball, such as `sha512-…`. */
  integrity?: string;
  /** The address of the tarball. */
  resolved?: string;
  hasInstallScript?: boolean;
}

/** @see https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json */
export interface Lockfile {
  /** By path, such as `node_modules/a/node_modules/b`; the root project has the path `''`. */
  packages: Readonly<Record<string, LockedPackage>>;
}

/**
 * Finds what would let `npm ci` install or run something that nobody reviewed.
 * @returns one line per fault; an empty list for a sound lockfile
 */
export function supplyChainFaults(lockfile: Lockfile, manifest: PackageManifest): string[] {
  const packages = Object.entries(lockfile.packages).filter(([path]) => path !== '');
  return [
    ...packages.flatMap(([path, locked]) => faultsOfPackage(path, locked, manifest.allowScripts ?? {})),
    ...inexactVersions(manifest),
    ...staleScriptEntries(lockfile, manifest.allowScripts ?? {}),
  ];
}

function faultsOfPackage(
  path: string,
  { name = nameAt(path), integrity, resolved, hasInstallScript = false }: LockedPackage,
  allowScripts: Readonly<Record<string, boolean>>,
): string[] {
  const faults: string[] = [];
  if (integrity === undefined) faults.push(`${path} has no integrity hash`);
  // npm accepts SHA-1 as well, and SHA-1 collides.
  else if (!/^sha512-[\w+/]{86}==$/.test(integrity)) faults.push(`${path} has no SHA-512 hash`);
  // An address would pin every installation to the registry or mirror that the lockfile was written with.
  if (resolved !== undefined) faults.push(`${path} is bound to ${resolved}`);
  if (hasInstallScript && !(name in allowScripts))
    faults.push(`${path} has an install script that allowScripts does not name`);
  return faults;
}

function inexactVersions(manifest: PackageManifest): string[] {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name} is not pinned to one version: ${version}`);
}

/** A permission that outlives its package would apply to the next package of that name. */
function staleScriptEntries(lockfile: Lockfile, allowScripts: Readonly<Record<string, boolean>>): string[] {
  const withScript = new Set(
    Object.entries(lockfile.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path, { name = nameAt(path) }]) => name),
  );
  return Object.keys(allowScripts)
    .filter((name) => !withScript.has(name))
    .map((name) => `allowScripts names ${name}, which has no install script`);
}

function nameAt(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
