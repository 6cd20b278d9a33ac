import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { sharedModules } from './domain.ts';

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
/** Maximum bytes of all modules together. */
const largestPage = 16_777_216;

/** The files of the page, by name. There is no build: types are stripped at the start, and browsers load the modules. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const names = (await readdir(folder)).filter(
    (name) => path.extname(name) in types && !name.endsWith('.test.ts'),
  );
  const paths = [
    ...names.map((name) => path.join(folder, name)),
    ...sharedModules.map((name) => path.join(import.meta.dirname, name)),
  ];
  const modules = paths.filter((file) => file.endsWith('.ts'));
  const others = paths.filter((file) => !file.endsWith('.ts'));
  const moduleNames = modules.map((file) => path.basename(file));
  const texts = [
    ...(await withoutTypes(modules)).map(toModule),
    ...(await Promise.all(others.map((file) => readFile(file, 'utf8')))).map((text) =>
      withPreloads(text, moduleNames),
    ),
  ];
  const files = [...modules, ...others].map((file, at): [string, PageFile] => [
    path.basename(file),
    { type: types[path.extname(file)] ?? '', content: texts[at] ?? '' },
  ]);
  return new Map([...files, ...(await plotFiles())]);
}

async function withoutTypes(files: readonly string[]): Promise<string[]> {
  const script = path.join(import.meta.dirname, 'strip-types.ts');
  // The function is marked as experimental, and would warn.
  const args = ['--disable-warning=ExperimentalWarning', script, ...files];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: largestPage });
  return JSON.parse(stdout) as string[];
}

function toModule(javaScript: string): string {
  // Browsers resolve imports by URL only, and every module of the page is in one folder there.
  return javaScript
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
