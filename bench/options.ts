import { parseArgs } from 'node:util';
import { BenchFailure } from './failure.ts';

export interface Options {
  rounds: number;
  /** Length of the measured part of a round. */
  seconds: number;
  connections: number;
  /** Folder that gets `orders.md` and `orders.json`. */
  out: string | undefined;
  help: boolean;
}

export const usage = `npm run bench:orders -- [options]

  --rounds <n>        rounds per subject (default 7)
  --seconds <n>       measured seconds per round (default 4)
  --connections <n>   connections, each with one request at a time (default 32)
  --out <folder>      also write orders.md and orders.json there, such as docs/benchmarks
  --help              show this
`;

/** @throws {BenchFailure} */
export function parseOptions(args: string[]): Options {
  const { rounds, seconds, connections, out, help } = read(args);
  return {
    rounds: wholeNumber('--rounds', rounds, 1000),
    seconds: wholeNumber('--seconds', seconds, 3600),
    connections: wholeNumber('--connections', connections, 1000),
    out,
    help,
  };
}

function read(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        rounds: { type: 'string', default: '7' },
        seconds: { type: 'string', default: '4' },
        connections: { type: 'string', default: '32' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BenchFailure(`${reason}. Try --help.`, { cause: error });
  }
}

function wholeNumber(name: string, text: string, maximum: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > maximum) {
    throw new BenchFailure(`${name} must be a whole number from 1 to ${maximum}, not "${text}".`);
  }
  return value;
}
