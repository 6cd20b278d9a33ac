import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Build, findTool, installedPath, type Tool, type ToolName, toolNames, tools } from './tools.ts';

/**
 * `npm run stack:install`: builds the programs of the native stack that this machine lacks, from the Go module proxy. It takes
 * ten minutes on two cores the first time and, thanks to Go's cache, seconds afterwards.
 */

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function install(name: ToolName, build: Build): Promise<void> {
  const target = installedPath(name);
  await mkdir(path.dirname(target), { recursive: true });
  const folder = await mkdtemp(path.join(os.tmpdir(), `stack-${name}-`));
  try {
    const built =
      build.kind === 'collector' ? await buildCollector(build, folder) : await buildGo(name, build, folder);
    const partial = `${target}.partial`;
    await cp(built, partial);
    await chmod(partial, 0o755);
    await rename(partial, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildCollector(build: Build & { kind: 'collector' }, folder: string): Promise<string> {
  const manifest = path.join(root, build.manifest);
  await go(['run', build.builder, '--config', manifest, '--ldflags', '-s -w'], folder);
  return path.join(folder, 'otelcol', 'otelcol');
}

/** Not with `go install`, which refuses modules with replacements. The module's own checksums apply. */
async function buildGo(name: string, build: Build & { kind: 'go' }, folder: string): Promise<string> {
  const { stdout } = await go(['mod', 'download', '-json', `${build.module}@${build.version}`], folder);
  const source = path.join(folder, 'source');
  await cp(folderOf(stdout), source, { recursive: true });
  // Go keeps modules read-only.
  for (const directory of [source, ...(await directoriesIn(source))]) await chmod(directory, 0o755);
  for (const file of ['go.mod', 'go.sum']) await chmod(path.join(source, file), 0o644);
  const without = build.without ?? [];
  for (const module of without) await go(['mod', 'edit', `-dropreplace=${module}`], source);
  const target = path.join(folder, name);
  const mod = without.length > 0 ? ['-mod=mod'] : [];
  const tags = build.tags === undefined ? [] : ['-tags', build.tags];
  const flags = ['-trimpath', ...tags, '-ldflags', `-s -w ${build.ldflags ?? ''}`.trim()];
  await go(['build', ...mod, ...flags, '-o', target, build.package], source);
  return target;
}

function folderOf(json: string): string {
  const found: unknown = JSON.parse(json);
  if (typeof found === 'object' && found !== null && 'Dir' in found) return String(found.Dir);
  throw new Error('go mod download reported no folder');
}

async function directoriesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => path.join(parentPath, name));
}

function go(args: readonly string[], cwd: string) {
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    // Some modules contain their repository's workspace file, whose other folders are missing.
    GOWORK: 'off',
    GOFLAGS: `-buildvcs=false ${process.env['GOFLAGS'] ?? ''}`,
  };
  return run('go', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
}

const usage = `npm run stack:install -- [options]

  --all         also build programs that are on the PATH, in the versions of the containers
  --with-loki   also build Loki, whose license is the AGPL; without it, log records go to a file
  --help        show this help
`;

const options = readOptions();
if (options.help) {
  say(usage);
} else {
  for (const name of toolNames) await provide(name, options);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        all: { type: 'boolean', default: false },
        'with-loki': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

async function provide(name: ToolName, { all, 'with-loki': withLoki }: ReturnType<typeof readOptions>) {
  const { build, version, onlyIfAsked }: Tool = tools[name];
  const line = (text: string) => say(`${name.padEnd(16)}${text}`);
  const found = findTool(name);
  if (found === installedPath(name) || (found !== undefined && (!all || build === undefined))) {
    line(found);
  } else if (build === undefined) {
    line('not found and cannot be built here; the stack starts without it');
  } else if (onlyIfAsked !== undefined && !withLoki) {
    line(`not built, because ${onlyIfAsked}: --with-${name} builds it; the stack starts without it`);
  } else {
    line(`building ${version} …`);
    try {
      await install(name, build);
      line(installedPath(name));
    } catch (error) {
      process.exitCode = 1;
      const reason = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
      line(`cannot be built: ${reason.trim().split('\n').slice(-3).join('\n')}`);
    }
  }
}
