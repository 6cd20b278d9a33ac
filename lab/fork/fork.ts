import { globSync, realpathSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asStarter, renameCore, renameStarter } from './names.ts';
import { chartFiles } from './chart-files.ts';
import { consoleFiles } from './console-files.ts';
import { type Edit, StaleEdit } from './edits.ts';
import { ForkError } from './fork-error.ts';
import { packageFiles } from './manifest-files.ts';
import { coreFiles, domainFiles, neverTaken, parts, sharedFiles, withDependents } from './parts.ts';
import { commit, format, render } from './programs.ts';
import { provenance } from './provenance.ts';
import type { ForkOptions, License } from './options.ts';
import { checkRoutes } from './routes.ts';
import { stackFiles } from './stack-files.ts';
import { checkTarget, explained, makeDraft, removeEmpty } from './target.ts';

const root = realpathSync(path.resolve(import.meta.dirname, '../..'));
const starter = 'lab/fork/starter';

/**
 * Makes a fork: writes it into a folder beside the target, commits it, and renames the folder. Until then nothing is at the
 * target, whatever fails.
 *
 * @param signal gives up, and leaves nothing behind
 * @throws {ForkError}
 */
export async function makeFork(target: string, options: ForkOptions, signal?: AbortSignal): Promise<void> {
  checkParts(options.without);
  const folder = path.resolve(target);
  await checkTarget(folder, root);
  const files = await forkFiles(options);
  const draft = await makeDraft(folder);
  try {
    for (const [file, text] of files) {
      signal?.throwIfAborted();
      await mkdir(path.dirname(path.join(draft.folder, file)), { recursive: true });
      await writeFile(path.join(draft.folder, file), text);
    }
    format(draft.folder, root);
    render(draft.folder, root);
    commit(draft.folder, options.names.service);
    await givenUp(signal);
    await removeEmpty(folder);
    await rename(draft.folder, folder);
  } catch (error) {
    await draft.discard();
    await givenUp(signal);
    throw explained(error, folder);
  }
}

/** Programs that were waited for have kept the signal from being heard. @throws the reason of the signal */
async function givenUp(signal: AbortSignal | undefined): Promise<void> {
  await nextTurn();
  signal?.throwIfAborted();
}

/** Makes sure that a fork can be put there. @throws {ForkError} */
export const checkFolder = (target: string): Promise<void> => checkTarget(path.resolve(target), root);

function checkParts(without: readonly string[]): void {
  const unknown = without.filter((name) => !(name in parts) && !neverTaken.includes(name));
  if (unknown.length > 0)
    throw new ForkError(
      `There is no part "${unknown[0]}": ${[...Object.keys(parts), ...neverTaken].join(', ')}.`,
    );
}

/** Every file of a fork with its text, before it is formatted, and without what its own programs generate. */
export async function forkFiles({
  names,
  without: asked,
  license,
  holder,
}: ForkOptions): Promise<Map<string, string>> {
  const without = withDependents(asked);
  const isLeftOut = matcher(without.flatMap((name) => parts[name]?.files ?? []));
  const isOfDomain = matcher(domainFiles);
  const files = new Map<string, string>();
  const add = (file: string, text: string) => files.set(file, text);

  for (const file of filesOf(coreFiles, root)) {
    if (isOfDomain(file) || isLeftOut(file)) continue;
    const text = renameCore(edited(file, await readFile(path.join(root, file), 'utf8'), without), names);
    // Tests whose examples are charges belong to the domain, wherever they stand, and those that write a page to that page.
    if (file.endsWith('.test.ts') && /payment|toMatchFileSnapshot/i.test(text)) continue;
    add(file, text);
  }
  for (const { from, to = from, edits } of [
    ...stackFiles(!without.includes('traffic')),
    ...chartFiles,
    ...consoleFiles(),
  ]) {
    if (isLeftOut(from)) continue;
    const text = edited(from, apply(from, await readFile(path.join(root, from), 'utf8'), edits), without);
    add(renameStarter(to, names), renameStarter(asStarter(text), names));
  }
  const core = new Map(files);
  const domain = new Map<string, string>();
  for (const file of filesOf(['**/*', '**/.*', '.github/**/*'], path.join(root, starter))) {
    const named = renameStarter(file, names);
    if (isLeftOut(file)) continue;
    const text = await readFile(path.join(root, starter, file), 'utf8');
    if (named !== file && core.has(named))
      throw new ForkError(`The core has a file ${named} already: take another resource or plural.`);
    domain.set(named, renameStarter(edited(file, text, without), names));
  }
  checkRoutes(core, domain);
  for (const [file, text] of domain) add(file, text);
  for (const file of sharedFiles) add(file, await readFile(path.join(root, file), 'utf8'));
  for (const file of sharedFiles) {
    // The service has files of the same names.
    const programs = [...files].filter(([program]) => program.startsWith('lab/'));
    if (!programs.some(([, text]) => text.includes(`/${path.basename(file)}'`))) files.delete(file);
  }
  for (const [file, text] of await licenseFiles(license, holder)) add(file, text);
  add('CHANGELOG.md', `# Changelog\n\n## Unreleased\n\n- The service, made from a template.\n`);
  add('.fork.json', await provenance({ names, without, license, holder }, root));

  const ours = {
    manifest: JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')),
    lockfile: JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')),
  };
  const { manifest, lockfile } = packageFiles(ours, { names, license, without, sources: files });
  add('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  add('package-lock.json', `${JSON.stringify(lockfile, null, 2)}\n`);
  return files;
}

/** The text of a file without the parts that are left out. @throws {StaleEdit} naming the file */
function edited(file: string, text: string, without: readonly string[]): string {
  const left = Object.entries(parts).filter(([name]) => without.includes(name));
  return apply(
    file,
    text,
    left.flatMap(([, { edits }]) => edits?.[file] ?? []),
  );
}

/** @throws {StaleEdit} naming the file */
function apply(file: string, text: string, edits: readonly Edit[]): string {
  try {
    return edits.reduce((lines, edit) => edit(lines), text);
  } catch (cause) {
    throw new StaleEdit(`${file} has changed, and lab/fork/ has not: ${String(cause)}`, { cause });
  }
}

function filesOf(globs: readonly string[], folder: string): string[] {
  return globSync([...globs], { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

function matcher(globs: readonly string[]): (file: string) => boolean {
  // `**` does not match a name that begins with a dot.
  return (file) => globs.some((glob) => path.matchesGlob(file.replaceAll('/.', '/'), glob));
}

async function licenseFiles(license: License, holder: string): Promise<Array<[string, string]>> {
  // The licence of the files that were copied asks that its notice goes along, whatever the fork's own licence is.
  const notice = await readFile(path.join(root, 'LICENSE'), 'utf8');
  if (license === 'UNLICENSED')
    return [['NOTICE', `This service was made from a template under this licence:\n\n${notice}`]];
  const year = new Date().getFullYear();
  return [
    ['LICENSE', notice.replace(/^Copyright.*$/m, (line) => `Copyright (c) ${year} ${holder}\n${line}`)],
  ];
}
