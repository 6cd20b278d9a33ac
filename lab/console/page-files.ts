import { readdir, readFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

export interface PageFile {
  type: string;
  content: string;
}

const folder = path.join(import.meta.dirname, 'page');
const types: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** The name under which the page loads uPlot. */
const plotLibrary = 'uplot.js';
/** Modules that the page shares with other programs. */
const sharedModules = ['../report/money.ts', '../tours/stories.ts', '../../src/orders/currency.ts'];

/** The files of the page, by name. There is no build: types are stripped at the start, and browsers load the modules. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const names = (await readdir(folder)).filter(
    (name) => path.extname(name) in types && !name.endsWith('.test.ts'),
  );
  const paths = [
    ...names.map((name) => path.join(folder, name)),
    ...sharedModules.map((name) => path.join(import.meta.dirname, name)),
  ];
  const modules = paths.map((file) => path.basename(file)).filter((name) => name.endsWith('.ts'));
  const files = await Promise.all(
    paths.map(async (file): Promise<[string, PageFile]> => {
      const text = await readFile(file, 'utf8');
      const name = path.basename(file);
      const content = name.endsWith('.ts') ? toModule(text) : withPreloads(text, modules);
      return [name, { type: types[path.extname(name)] ?? '', content }];
    }),
  );
  return new Map([...files, ...(await plotFiles())]);
}

function toModule(text: string): string {
  // Browsers resolve imports by URL only, and every module of the page is in one folder there.
  return stripTypeScriptTypes(text)
    .replaceAll("from 'uplot'", `from './${plotLibrary}'`)
    .replaceAll(/from '\.\.\/[^']*\/([^/']+)'/g, "from './$1'");
}

/** Preloads all modules at once; otherwise browsers discover them one import after the other. */
function withPreloads(html: string, modules: readonly string[]): string {
  const links = [...modules, plotLibrary].map((name) => `<link rel="modulepreload" href="/page/${name}" />`);
  return html.replace('<!-- modules -->', () => links.join(''));
}

async function plotFiles(): Promise<Array<[string, PageFile]>> {
  const home = path.dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  const read = (name: string) => readFile(path.join(home, 'dist', name), 'utf8');
  return [
    [plotLibrary, { type: types['.ts'] ?? '', content: await read('uPlot.esm.js') }],
    ['uplot.css', { type: types['.css'] ?? '', content: await read('uPlot.min.css') }],
  ];
}
