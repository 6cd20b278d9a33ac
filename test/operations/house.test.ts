import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  arrowsOf,
  betweenFolders,
  circle,
  foldersOf,
  importsOf,
  twoWayTies,
  within,
} from '../support/files/import-graph.ts';

/** The rules of ARCHITECTURE.md on who may know whom. */

const arrows = arrowsOf(['src', 'lab', 'stack']);
const ofService = arrows.filter(({ from }) => from.startsWith('src/'));

test('every import leads to a file', () => {
  expect(arrows.length).toBeGreaterThan(1000);
  expect(arrows.filter(({ to }) => !existsSync(to))).toEqual([]);
});

test('nothing under src/ imports from outside it', () => {
  expect(ofService.filter(({ to }) => !to.startsWith('src/'))).toEqual([]);
});

test('a way out of src/ is seen in every form of import', () => {
  const planted = `import type { A } from '../../lab/a.ts';
    export { b } from "../../lab/b.ts";
    const c = await import('../../lab/c.ts');
    type D = import('../../lab/d.ts').D;
    import '../../lab/e.ts';`;
  expect(importsOf('src/http/planted.ts', planted).map(({ to }) => to)).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((name) => `lab/${name}.ts`),
  );
});

test('no two folders of the service import each other', () => {
  expect(twoWayTies(betweenFolders(ofService))).toEqual([]);
});

test.each([...new Set(foldersOf('src'))])('%s has floors: what stands in it points down alone', (folder) => {
  expect(circle(within(folder, ofService)).join(' → ')).toBe('');
});

test('no program of lab/ imports one that imports it', () => {
  expect(twoWayTies(within('lab', arrows))).toEqual([]);
});

test('no file imports itself on a way round, types included', () => {
  expect(circle(arrows).join(' → ')).toBe('');
});
