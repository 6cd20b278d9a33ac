import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StartupError } from '../../../src/errors.ts';
import { dataFolderArgument, type PostgresHome } from './postgres-home.ts';
import { doesNotRun, environment, lastLines } from './postgres-server.ts';

/** Reads the superuser's password; `undefined` before the first start. */
export const readPassword = (home: PostgresHome): Promise<string | undefined> =>
  readFile(path.join(home.directory, 'password'), 'utf8').catch(() => undefined);

/**
 * Creates the data folder with the superuser `orders` and the database `orders`. The folder gets its final name once it
 * is complete, so that an interrupted attempt leaves nothing behind.
 *
 * @returns the superuser's password, which is also stored in the folder
 * @throws {StartupError}
 */
export async function createCluster(
  home: PostgresHome,
  { logFile, durable }: { logFile: string; durable: boolean },
): Promise<string> {
  // initdb has a shell run the server that is beside it, with the path in double quotes.
  const [unfit] = /["$`\\]/.exec(home.native) ?? [];
  if (unfit !== undefined)
    throw new StartupError(
      `PostgreSQL does not start from ${home.native}, because the path has a ${unfit}. Move this project to another folder.`,
    );
  const partial = `${home.directory}.partial`;
  const cluster = path.join(partial, 'cluster');
  const passwordFile = path.join(partial, 'password');
  const password = randomBytes(24).toString('base64url');

  await rm(partial, { recursive: true, force: true });
  await mkdir(cluster, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (home.account !== undefined) {
    for (const made of [partial, cluster, passwordFile])
      await chown(made, home.account.uid, home.account.gid);
  }
  const folder = dataFolderArgument(home, cluster);
  const access = ['--username=orders', '--pwfile=../password', '--auth=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C', ...builtinLocale(home)];
  const sync = durable ? [] : ['--no-sync'];
  const run = (program: string, args: string[], input?: string) =>
    runToEnd(home, { program, args, input, cluster, logFile });
  await run('initdb', ['-D', folder, ...access, ...locale, ...sync]);
  // Single-user mode runs one statement in one process, which is cheaper than starting a server.
  await run(
    'postgres',
    ['--single', '-D', folder, '-c', 'exit_on_error=on', 'postgres'],
    'CREATE DATABASE orders\n',
  );
  try {
    await rename(partial, home.directory);
  } catch (cause) {
    throw new StartupError(
      `${home.directory} contains something else. Remove it, or set DATA_DIR to another folder.`,
      {
        cause,
      },
    );
  }
  return password;
}

/** Sorts identically on every machine, and faster than the operating system's locales. New in version 17. */
function builtinLocale({ native }: PostgresHome): string[] {
  const { stdout } = spawnSync(path.join(native, 'bin/postgres'), ['--version'], {
    cwd: '/',
    encoding: 'utf8',
  });
  const [major] = /\d+/.exec(stdout) ?? [];
  return Number(major) >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
}

interface Run {
  program: string;
  args: string[];
  input: string | undefined;
  cluster: string;
  logFile: string;
}

async function runToEnd(home: PostgresHome, { program, args, input, cluster, logFile }: Run): Promise<void> {
  const output = await open(logFile, 'w', 0o600);
  let code: unknown;
  try {
    const child = spawn(path.join(home.native, 'bin', program), args, {
      ...home.account,
      cwd: cluster,
      env: environment,
      // Ctrl-C in a terminal reaches every process of the group; this one should finish.
      detached: true,
      stdio: ['pipe', output.fd, output.fd],
    });
    // A failed program reads no input. Its exit code reports the failure.
    child.stdin?.on('error', () => undefined).end(input);
    [code] = await once(child, 'exit');
  } catch (cause) {
    throw new StartupError(doesNotRun, { cause });
  } finally {
    await output.close();
  }
  if (code !== 0) {
    throw new StartupError(
      `${program} failed. The end of ${logFile}:\n${lastLines(await readFile(logFile, 'utf8'))}`,
    );
  }
}
