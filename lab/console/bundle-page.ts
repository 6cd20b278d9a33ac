import path from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

/** A script of the page with its imports, or the source map of one. */
export interface Script {
  /** Name of the module that the document loads, without its ending. Empty for what no document names. */
  entry: string;
  /** Name under which it is loaded. Changes with its content. */
  name: string;
  content: string;
}

/** What uPlot creates as it is loaded, and what nothing here uses: the labels of axes have formats of their own. */
const formatters: ReadonlyArray<readonly [written: string, instead: string]> = [
  ["const numFormatter = new Intl.NumberFormat(domEnv ? nav.language : 'en-US');", ''],
  ['const fmtNum = val => numFormatter.format(val);', 'const fmtNum = String;'],
  ['const localTz = new Intl.DateTimeFormat().resolvedOptions().timeZone;', 'const localTz = undefined;'],
];

/** The first formatter of a page takes the browser 40 ms, for it reads the data of all languages, while the first view waits. */
const withoutFormatters: Plugin = {
  name: 'without-formatters',
  transform(code, id) {
    if (!id.includes('uPlot')) return undefined;
    const changed = formatters.reduce((text, [written, instead]) => {
      if (!text.includes(written)) throw new Error(`${id} does not contain ${written}`);
      return text.replace(written, instead);
    }, code);
    // Every line stays where it was.
    return { code: changed, map: null };
  },
};

/**
 * Prints the scripts of the page, as a list in JSON. It runs as a process of its own, because the bundler keeps 90 MiB for as long as its
 * process lives. Minified, because a browser parses half as much before the first view; source maps lead a reader of a stack or of the
 * page's source to the modules.
 *
 * Arguments: the modules that the document loads, by path.
 */
const input = process.argv.slice(2);
await using bundle = await rolldown({ input, platform: 'browser', plugins: [withoutFormatters] });
const { output } = await bundle.generate({
  entryFileNames: '[name]-[hash].js',
  chunkFileNames: '[name]-[hash].js',
  minify: true,
  sourcemap: true,
});
const scripts = output.map(
  (each): Script =>
    each.type === 'chunk'
      ? {
          entry: each.facadeModuleId === null ? '' : path.basename(each.facadeModuleId, '.ts'),
          name: each.fileName,
          content: each.code,
        }
      : { entry: '', name: each.fileName, content: String(each.source) },
);
process.stdout.write(JSON.stringify(scripts));
