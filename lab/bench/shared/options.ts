import { existsSync } from 'node:fs';
import path from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { wholeNumber } from '../../harness/whole-number.ts';
import { faultOfFolder } from '../../report/report-folder.ts';
import { BenchFailure } from './failure.ts';

/** Options of the benchmarks that measure in rounds. */
export interface Options {
  rounds: number;
  /** Length of the measured part of a round. */
  seconds: number;
  connections: number;
  /** Folder for the report, as Markdown and as JSON. */
  out: string | undefined;
}

/** In the form of `parseArgs`; a benchmark may add its own. */
export const roundArguments = {
  rounds: { type: 'string', default: '7' },
  seconds: { type: 'string', default: '4' },
  connections: { type: 'string', default: '32' },
} as const satisfies ParseArgsOptionsConfig;

/** Of every benchmark. */
const commonArguments = {
  out: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig;

/**
 * Reads the options of this process: those of the benchmark, and `--out`.
 *
 * @returns `undefined` for `--help`, which prints the usage
 * @throws {BenchFailure} on an unknown option, a missing value, a folder that cannot be written, or an earlier build that
 *   cannot run
 */
export function readArguments<const Config extends ParseArgsOptionsConfig>(usage: string, options: Config) {
  const values = parse(options);
  if ('help' in values && values.help === true) {
    process.stdout.write(usage);
    return undefined;
  }
  const fault =
    ('out' in values && typeof values.out === 'string' ? faultOfFolder(values.out) : undefined) ??
    ('before' in values && typeof values.before === 'string' ? faultOfBuild(values.before) : undefined);
  if (fault !== undefined) throw new BenchFailure(fault);
  return values;
}

/** Why the service of an earlier build cannot start, which would otherwise show after the preparations. */
function faultOfBuild(folder: string): string | undefined {
  if (!existsSync(path.join(folder, 'src/main.ts')))
    return `--before ${folder} is no checkout of this project: it has no src/main.ts.`;
  if (!existsSync(path.join(folder, 'node_modules')))
    return `The build of --before ${folder} has no dependencies: run \`npm ci\` there.`;
  return undefined;
}

function parse<const Config extends ParseArgsOptionsConfig>(options: Config) {
  try {
    return parseArgs({ options: { ...options, ...commonArguments } }).values;
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    throw new BenchFailure(`${reason}. Try --help.`, { cause: error });
  }
}

/** @throws {UsageError} on a value that is not a whole number in its range */
export function toOptions(
  values: Record<'rounds' | 'seconds' | 'connections', string> & { out?: string | undefined },
): Options {
  return {
    rounds: wholeNumber('--rounds', values.rounds, 1, 1000),
    seconds: wholeNumber('--seconds', values.seconds, 1, 3600),
    connections: wholeNumber('--connections', values.connections, 1, 1000),
    out: values.out,
  };
}
