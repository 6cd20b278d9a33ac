import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { closureOf } from '../support/files/import-graph.ts';

/** What the Dockerfile and .dockerignore put into the image, checked without building it. */

const read = (file: string) => readFile(file, 'utf8');

test('the image has pinned base images, runs without root, and installs from the lockfile', async () => {
  const text = await read('Dockerfile');
  const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  // The other stages build on the first three.
  expect(bases).toEqual([
    `node:${await nodeVersion()}-slim`,
    `node:${await nodeVersion()}-slim`,
    `node:${await nodeVersion()}-slim`,
    'program',
    'program',
  ]);
  expect(text).toMatch(/^USER 1000:1000$/m);
  expect(text).toMatch(/npm ci --omit=dev --ignore-scripts/);
  // Its programs listen on different ports, and `docker ps` would show these for each.
  expect(text).not.toMatch(/^EXPOSE/m);
});

// COPY keeps modes: under a umask of 077 the user of the image could read none of them, and without one it could write them all.
test.each(['Dockerfile', 'lab/fork/starter/Dockerfile'])(
  'what the image of %s has of a checkout is readable, and its own user cannot write it, whatever the umask was',
  async (file) => {
    const stages = (await read(file)).split(/^(?=FROM )/m);
    const copying = stages.filter((stage) => /^COPY (?!--from|package\.json package-lock)/m.test(stage));
    const last = copying.map((stage) => stage.trim().split('\n').at(-1));
    expect(last).toEqual(['RUN chmod -R u=rwX,go=rX .']);
  },
);

/** Files that the programs of the image start from. */
const imagePrograms = [
  'src/main.ts',
  'src/telemetry/sdk.ts',
  'src/postgres/migrate-main.ts',
  'lab/simulator/main.ts',
  'lab/traffic/main.ts',
  'lab/logs/main.ts',
  'lab/evidence/main.ts',
];

/** Files that they read at run time, without an import. */
const readFiles = ['lab/logs/lines/special-bytes.wasm'];

describe('the image', () => {
  let copied: string[];
  let ignored: string[];
  beforeAll(async () => {
    const copies = (await read('Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm);
    copied = [...copies].flatMap(([, sources = '']) => sources.split(' '));
    ignored = (await read('.dockerignore')).split('\n').filter((line) => /^[^#\s]/.test(line));
  });

  /** Whether the file is copied into the image and not kept from the builder by .dockerignore. */
  function holds(file: string): boolean {
    const parents = file.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
    let sent = true;
    // The last pattern that matches the file or one of its folders decides.
    for (const line of ignored) {
      const pattern = line.replace(/^!/, '');
      if (parents.some((each) => path.matchesGlob(each, pattern))) sent = line.startsWith('!');
    }
    return sent && copied.some((source) => parents.includes(source));
  }

  test('the image copies only files that exist and that .dockerignore lets through', () => {
    expect(copied.filter((source) => !existsSync(source))).toEqual([]);
    expect(copied.filter((source) => !holds(source))).toEqual([]);
  });

  test('the image holds every file that its programs import', () => {
    const needed = [...closureOf(imagePrograms), ...readFiles];
    expect(needed.length).toBeGreaterThan(150);
    expect(needed.filter((file) => !holds(file))).toEqual([]);
  });

  test('every program that a container runs is one of those checked here', async () => {
    const compose = await read('docker-compose.yml');
    const run = [...compose.matchAll(/\bnode, ([\w/-]+\.ts)/g)].map(([, file = '']) => file);
    expect(run.filter((file) => !imagePrograms.includes(file))).toEqual([]);
  });

  test('the image holds no file of lab/ that its programs do not import, and no test', () => {
    const needed = new Set([...closureOf(imagePrograms), ...readFiles]);
    const held = globSync('{src,lab}/**/*', { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative('.', path.join(entry.parentPath, entry.name)))
      .filter(holds);
    expect(held.filter((file) => file.startsWith('lab/') && !needed.has(file))).toEqual([]);
    expect(held.filter((file) => file.endsWith('.test.ts'))).toEqual([]);
  });
});

async function nodeVersion(): Promise<string> {
  return (await read('.nvmrc')).trim();
}
