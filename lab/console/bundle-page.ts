import path from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

/** A script of the page, with its imports. */
export interface Script {
  /** Name of the module that the document loads, without its ending. */
  entry: string;
  /** Name under which the other scripts import it. Changes with its content. */
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
    return formatters.reduce((text, [written, instead]) => {
      if (!text.includes(written)) throw new Error(`${id} does not contain ${written}`);
      return text.replace(written, instead);
    }, code);
  },
};

/**
 * Prints the scripts of the page, as a list in JSON. It runs as a process of its own, because the bundler keeps 90 MiB for as long as its
 * process lives. Not minified, so that a reader of a stack or of the page's source finds the modules.
 *
 * Arguments: the modules that the document loads, by path.
 */
const input = process.argv.slice(2);
await using bundle = await rolldown({ input, platform: 'browser', plugins: [withoutFormatters] });
const { output } = await bundle.generate({
  entryFileNames: '[name]-[hash].js',
  chunkFileNames: '[name]-[hash].js',
});
const scripts = output.flatMap((each): Script[] =>
  each.type === 'chunk'
    ? [
        {
          entry: each.facadeModuleId === null ? '' : path.basename(each.facadeModuleId, '.ts'),
          name: each.fileName,
          content: each.code,
        },
      ]
    : [],
);
process.stdout.write(JSON.stringify(scripts));
