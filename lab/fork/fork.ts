import { execFileSync } from 'node:child_process';
import { globSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asStarter, type ForkNames, renameCore, renameStarter } from './names.ts';
import { chartFiles } from './chart-files.ts';
import { type EditedFile, StaleEdit } from './edits.ts';
import { packageFiles } from './manifest-files.ts';
import {
  coreFiles,
  domainFiles,
  movedFiles,
  neverTaken,
  parts,
  sharedFiles,
  withDependents,
} from './parts.ts';
import { stackFiles } from './stack-files.ts';

export interface ForkOptions {
  names: ForkNames;
  /** Names of parts that are left out. */
  without: readonly string[];
  /** An SPDX identifier with a text of its own here, or `UNLICENSED`. */
  license: License;
  /** Who holds the copyright, for the text of the licence. */
  holder: string;
}

export const licenses = ['UNLICENSED', 'MIT'] as const;
export type License = (typeof licenses)[number];

/** The fork cannot be made, for a reason that its maker can mend. `message` is one line. */
export class ForkError extends Error {
  override readonly name = 'ForkError';
}

const root = path.resolve(import.meta.dirname, '../..');
const starter = 'lab/fork/starter';

/**
 * Makes a fork: writes it into a folder beside the target, commits it, and renames the folder. Until then nothing is at the
 * target, whatever fails.
 *
 * @throws {ForkError}
 */
export async function makeFork(target: string, options: ForkOptions): Promise<void> {
  checkParts(options.without);
  const folder = path.resolve(target);
  await checkTarget(folder);
  const files = await forkFiles(options);
  await mkdir(path.dirname(folder), { recursive: true });
  const draft = await mkdtemp(path.join(path.dirname(folder), `.${path.basename(folder)}-`));
  try {
    for (const [file, text] of files) {
      await mkdir(path.dirname(path.join(draft, file)), { recursive: true });
      await writeFile(path.join(draft, file), text);
    }
    format(draft);
    render(draft, files);
    commit(draft, options.names.service);
    // An empty folder may be there already.
    await rmdir(folder).catch(() => undefined);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

function checkParts(without: readonly string[]): void {
  const unknown = without.filter((name) => !(name in parts) && !neverTaken.includes(name));
  if (unknown.length > 0)
    throw new ForkError(
      `There is no part "${unknown[0]}": ${[...Object.keys(parts), ...neverTaken].join(', ')}.`,
    );
}

async function checkTarget(folder: string): Promise<void> {
  if (`${folder}/`.startsWith(`${root}/`))
    throw new ForkError(`${folder} is inside this repository: take a folder outside of it.`);
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) throw new ForkError(`${folder} is a file: take a folder that does not exist.`);
  if ((await readdir(folder)).length > 0)
    throw new ForkError(`${folder} is not empty: take a folder that does not exist.`);
}

/** Every file of a fork with its text. */
async function forkFiles({
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
    const text = renameCore(await readFile(path.join(root, file), 'utf8'), names);
    // Tests whose examples are charges belong to the domain, wherever they stand, and those that write a page to that page.
    if (file.endsWith('.test.ts') && /payment|toMatchFileSnapshot/i.test(text)) continue;
    add(file, text);
  }
  for (const [from, to] of Object.entries(movedFiles)) {
    const text = await readFile(path.join(root, from), 'utf8');
    add(to, renameCore(text, names));
  }
  for (const edited of [...stackFiles(!without.includes('traffic')), ...chartFiles]) {
    const to = renameStarter(edited.to ?? edited.from, names);
    if (!isLeftOut(edited.from)) add(to, await edit(edited, names));
  }
  for (const file of filesOf(['**/*', '**/.*', '.github/**/*'], path.join(root, starter))) {
    const named = renameStarter(file, names);
    if (isLeftOut(file)) continue;
    add(named, renameStarter(await readFile(path.join(root, starter, file), 'utf8'), names));
  }
  for (const file of sharedFiles) add(file, await readFile(path.join(root, file), 'utf8'));
  for (const file of sharedFiles)
    if (![...files.values()].some((text) => text.includes(`/${path.basename(file)}'`))) files.delete(file);
  for (const [file, text] of await licenseFiles(license, holder)) add(file, text);
  add('CHANGELOG.md', `# Changelog\n\n## Unreleased\n\n- The service, made from a template.\n`);
  add('.fork.json', `${JSON.stringify(await provenance(names, without), null, 2)}\n`);

  const ours = {
    manifest: JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')),
    lockfile: JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')),
  };
  const { manifest, lockfile } = packageFiles(ours, { names, license, without, sources: files });
  add('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  add('package-lock.json', `${JSON.stringify(lockfile, null, 2)}\n`);
  return files;
}

/** @throws {StaleEdit} naming the file */
async function edit({ from, edits }: EditedFile, names: ForkNames): Promise<string> {
  let text = await readFile(path.join(root, from), 'utf8');
  for (const each of edits) {
    try {
      text = each(text);
    } catch (cause) {
      throw new StaleEdit(`${from} has changed, and lab/fork/ has not: ${String(cause)}`, {
        cause,
      });
    }
  }
  return renameStarter(asStarter(text), names);
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

/** What the fork was made from, for whoever takes later changes. */
async function provenance({ service, resource, plural }: ForkNames, without: readonly string[]) {
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { template: { version, commit: commitOf(root) }, service, resource, plural, without };
}

function commitOf(folder: string): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    return null;
  }
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

/** Names of another length move the ends of lines, so a fork is formatted once. */
function format(folder: string): void {
  const biome = path.join(root, 'node_modules/.bin/biome');
  execFileSync(biome, ['format', '--write', '--vcs-enabled=false', '.'], { cwd: folder, stdio: 'pipe' });
}

/** What a fork generates from its own sources: `npm run dashboards`, `npm run chart`. */
function render(folder: string, files: ReadonlyMap<string, string>): void {
  const sources = ['grafana/source/render.ts', 'deploy/source/render.ts'].filter((file) => files.has(file));
  if (sources.length === 0) return;
  const packages = path.join(folder, 'node_modules');
  symlinkSync(path.join(root, 'node_modules'), packages);
  try {
    for (const source of sources) execFileSync(process.execPath, [source], { cwd: folder, stdio: 'pipe' });
  } finally {
    rmSync(packages);
  }
}

function commit(folder: string, service: string): void {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'pipe' });
  try {
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git(
      ...identityOf(folder),
      'commit',
      '--quiet',
      '--no-verify',
      '--message',
      `feat: ${service}, made from a template`,
    );
  } catch (cause) {
    throw new ForkError('git cannot make the first commit: is it installed?', { cause });
  }
}

/** Whoever has not told git a name yet gets one for the first commit only. */
function identityOf(folder: string): string[] {
  try {
    execFileSync('git', ['var', 'GIT_AUTHOR_IDENT'], { cwd: folder, stdio: 'pipe' });
    return [];
  } catch {
    return ['-c', 'user.name=fork', '-c', 'user.email=fork@localhost'];
  }
}
