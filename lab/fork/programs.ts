import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { ForkError } from './fork-error.ts';
import { gitEnvironment } from './config.ts';

/** Names of another length move the ends of lines, so a fork is formatted once. @throws {ForkError} */
export function format(folder: string, root: string): void {
  const biome = path.join(root, 'node_modules/.bin/biome');
  try {
    execFileSync(biome, ['format', '--write', '--vcs-enabled=false', '.'], { cwd: folder, stdio: 'pipe' });
  } catch (cause) {
    if (isMissing(cause))
      throw new ForkError('The formatter is not installed: run npm install first.', { cause });
    throw new ForkError(`The files cannot be formatted: ${firstLineOf(cause)}`, { cause });
  }
}

/** What a fork generates from its own sources: `npm run dashboards`, `npm run chart`. */
export function render(folder: string, root: string): void {
  const sources = ['grafana/source/render.ts', 'deploy/source/render.ts'].filter((file) =>
    existsSync(path.join(folder, file)),
  );
  if (sources.length === 0) return;
  const packages = path.join(folder, 'node_modules');
  symlinkSync(path.join(root, 'node_modules'), packages);
  try {
    for (const source of sources) execFileSync(process.execPath, [source], { cwd: folder, stdio: 'pipe' });
  } finally {
    rmSync(packages);
  }
}

/** @throws {ForkError} */
export function commit(folder: string, service: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, stdio: 'pipe', env: gitEnvironment() });
  try {
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    const message = `feat: ${service}, made from a template`;
    const signing = ['-c', 'commit.gpgsign=false'];
    git(...signing, ...identityOf(git), 'commit', '--quiet', '--no-verify', '--message', message);
  } catch (cause) {
    const reason = isMissing(cause) ? 'git is not installed.' : firstLineOf(cause);
    throw new ForkError(`git cannot make the first commit: ${reason}`, { cause });
  }
}

/** Whoever has not told git a name yet gets one for the first commit only. */
function identityOf(git: (...args: string[]) => unknown): string[] {
  try {
    git('var', 'GIT_AUTHOR_IDENT');
    return [];
  } catch {
    return ['-c', 'user.name=fork', '-c', 'user.email=fork@localhost'];
  }
}

/** The commit of the repository in a folder; `null` if it is none. */
export function commitOf(folder: string): string | null {
  const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe', env: gitEnvironment() } as const;
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], options).trim();
  } catch {
    return null;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** What a program that failed has said first. */
function firstLineOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return said.split('\n').find((line) => line.trim() !== '') ?? 'it has not said why.';
}
