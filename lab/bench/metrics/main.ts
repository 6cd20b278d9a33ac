import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BenchFailure } from '../shared/failure.ts';
import { baselines, serviceCalls } from './calls.ts';
import { promClientCalls } from './prom-client.ts';
import { type MetricsReport, toMarkdown } from './report.ts';
import { measureRecording } from './record.ts';
import { measureRendering, scrapedRegistries } from './render.ts';
import { describeMachine } from '../../report/machine.ts';

/** Measures the cost of recording a value in a metric, and of rendering a scrape. */

const usage = `npm run bench:metrics -- [options]

  --rounds <n>     rounds per record call (default 25)
  --renders <n>    renders per registry (default 200)
  --out <folder>   also write metrics.md and metrics.json there, such as docs/benchmarks
  --help           show this
`;

/** Renders before the measured ones, for V8 to optimize the code. */
const warmUps = 100;

function readOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        rounds: { type: 'string', default: '25' },
        renders: { type: 'string', default: '200' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new BenchFailure(`${error instanceof Error ? error.message : String(error)}. Try --help.`, {
      cause: error,
    });
  }
}

function count(name: string, value: string): number {
  if (!/^[1-9]\d{0,4}$/.test(value)) {
    throw new BenchFailure(`${name} must be a whole number from 1 to 99999, not "${value}".`);
  }
  return Number(value);
}

async function run(rounds: number, renders: number): Promise<MetricsReport> {
  const machine = describeMachine();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine,
    settings: { rounds, renders },
    recording: measureRecording([...baselines(), ...serviceCalls(), ...promClientCalls()], rounds),
    rendering: await measureRendering(scrapedRegistries(), { renders, warmUps }),
  };
}

try {
  const { rounds, renders, out, help } = readOptions(process.argv.slice(2));
  if (help) {
    process.stdout.write(usage);
  } else {
    const report = await run(count('--rounds', rounds), count('--renders', renders));
    process.stdout.write(toMarkdown(report));
    if (out !== undefined) {
      await mkdir(out, { recursive: true });
      await writeFile(path.join(out, 'metrics.md'), toMarkdown(report));
      await writeFile(path.join(out, 'metrics.json'), `${JSON.stringify(report, undefined, 2)}\n`);
    }
  }
} catch (error) {
  if (!(error instanceof BenchFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
