import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Script } from './bundle-page.ts';

export interface PageFile {
  type: string;
  content: string;
  /** Its name changes with its content, so a browser need not ask for it again. */
  isLasting: boolean;
}

const folder = path.join(import.meta.dirname, 'page');
const home = path.dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
/** Style sheets of libraries, by the name under which a document links them. */
const libraryStyles: Readonly<Record<string, string>> = {
  'uplot.css': path.join(home, 'dist/uPlot.min.css'),
};
const documents = ['index.html', 'locked.html'];
/** Modules that a document loads. */
const entries = ['main.ts'];
/** Maximum bytes of all scripts together. */
const largestPage = 16_777_216;

const types = {
  script: 'text/javascript; charset=utf-8',
  sourceMap: 'application/json; charset=utf-8',
  style: 'text/css; charset=utf-8',
  document: 'text/html; charset=utf-8',
  image: 'image/svg+xml',
};

/**
 * The files of the page, by name. There is no build: at the start, the scripts and the style sheets of each document are bundled, because a
 * browser takes longer to load a hundred small files than to show them.
 */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const scripts = await bundled(entries);
  const files = new Map<string, PageFile>();
  for (const { name, content } of scripts) {
    const type = name.endsWith('.map') ? types.sourceMap : types.script;
    files.set(name, { type, content, isLasting: true });
  }
  for (const name of documents) {
    const text = await readFile(path.join(folder, name), 'utf8');
    const styles = await stylesOf(text);
    files.set(styles.name, { type: types.style, content: styles.content, isLasting: true });
    const content = withScripts(withStyles(text, styles.name), scripts);
    files.set(name, { type: types.document, content, isLasting: false });
  }
  const icon = await readFile(path.join(folder, 'icon.svg'), 'utf8');
  return files.set('icon.svg', { type: types.image, content: icon, isLasting: false });
}

async function bundled(modules: readonly string[]): Promise<Script[]> {
  const program = path.join(import.meta.dirname, 'bundle-page.ts');
  const paths = modules.map((name) => path.join(folder, name));
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...paths], {
    maxBuffer: largestPage,
  });
  return JSON.parse(stdout) as Script[];
}

const styleLinks = /<link rel="stylesheet" href="\/page\/([\w.-]+)" \/>\s*/g;

/** The style sheets that a document links, in their order, as one. */
async function stylesOf(document: string): Promise<{ name: string; content: string }> {
  const names = [...document.matchAll(styleLinks)].map(([, name = '']) => name);
  const read = (name: string) => readFile(libraryStyles[name] ?? path.join(folder, name), 'utf8');
  const content = (await Promise.all(names.map(read))).join('\n');
  return { name: `styles-${hash('sha1', content, 'hex').slice(0, 8)}.css`, content };
}

function withStyles(document: string, name: string): string {
  const [first = ''] = document.match(styleLinks) ?? [];
  const link = `<link rel="stylesheet" href="/page/${name}" />\n    `;
  return document
    .replace(first, () => `${first}${link}`)
    .replaceAll(styleLinks, (found, each: string) => (each === name ? found : ''));
}

function withScripts(document: string, scripts: readonly Script[]): string {
  return document.replaceAll(/"\/page\/([\w-]+)\.ts"/g, (_found, entry: string) => {
    const script = scripts.find((each) => each.entry === entry);
    return `"/page/${script?.name ?? ''}"`;
  });
}
