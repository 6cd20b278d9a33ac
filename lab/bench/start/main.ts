import { stackImage } from '../../harness/stack-image.ts';
import { describeMachine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { ratioForm, ratios, show, spreadOf } from '../shared/statistics.ts';
import { docker, measureStart, type Start } from './container.ts';

/** How long the image takes until the service in it is ready, with what Node has compiled before and without. */

const usage = `npm run bench:start -- [options]

  --rounds <n>     starts of each kind, in turn (default 12)
  --image <name>   default observable-orders:local, as docker compose build makes it
  --before <name>  an earlier image of the service, started in turn with the others
  --out <folder>   also write start.md and start.json there, for example docs/benchmarks
  --help           show this help

Needs Docker on this machine.
`;

/** Starts of one kind: of which image, with which variables besides those of all. */
interface Kind {
  name: string;
  image: string;
  variables: readonly string[];
}

/** The last one is the image as it is. */
function kindsOf(image: string, before: string | undefined): readonly Kind[] {
  return [
    ...(before === undefined ? [] : [{ name: 'an earlier image', image: before, variables: [] }]),
    { name: 'compiled at its start', image, variables: ['NODE_DISABLE_COMPILE_CACHE=1'] },
    { name: 'compiled before', image, variables: [] },
  ];
}

type Starts = ReadonlyMap<Kind, Start[]>;

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rounds: { type: 'string', default: '12' },
    image: { type: 'string', default: 'observable-orders:local' },
    before: { type: 'string' },
  });
  if (values === undefined) return;
  const rounds = wholeNumber('--rounds', values.rounds, 1, 1000);
  const machine = describeMachine();
  const starts = await measure(kindsOf(values.image, values.before), values.image, rounds, signal);
  const markdown = toMarkdown(starts, rounds, machine);
  say(`\n${markdown}`);
  if (values.out !== undefined)
    await writeReport(values.out, {
      'start.md': markdown,
      'start.json': {
        machine,
        starts: Object.fromEntries([...starts].map(([{ name }, each]) => [name, each])),
      },
    });
});

async function measure(
  kinds: readonly Kind[],
  image: string,
  rounds: number,
  signal: AbortSignal,
): Promise<Starts> {
  const network = `observable-orders-start-${process.pid}`;
  await docker('network', 'create', network);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(async () => void (await docker('network', 'rm', network)));
  const postgres = `${network}-postgres`;
  const secret = ['USER', 'PASSWORD', 'DB'].flatMap((name) => ['--env', `POSTGRES_${name}=orders`]);
  await docker(
    'run',
    '--detach',
    '--name',
    postgres,
    '--network',
    network,
    ...secret,
    await stackImage('postgres'),
    'postgres',
    '-c',
    'fsync=off',
  );
  cleanUp.defer(async () => void (await docker('rm', '--force', '--volumes', postgres)));
  const environment = {
    NODE_ENV: 'development',
    DATABASE_URL: `postgres://orders:orders@${postgres}:5432/orders`,
    PAYMENT_GATEWAY_URL: 'http://simulator:7072',
    API_KEYS: 'demo:demo-key',
    ADMIN_HOST: '0.0.0.0',
    // The SDK is loaded as in the stack; nobody listens there.
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
  };
  const common = ['--network', network, '--read-only', '--memory', '208m', ...asOptions(environment)];
  // Postgres sets up its data meanwhile.
  const patient = ['--env', 'MIGRATION_CONNECT_DEADLINE=2m'];
  await docker('run', '--rm', '--init', ...common, ...patient, image, 'node', 'src/postgres/migrate-main.ts');
  const starts = new Map(kinds.map((kind) => [kind, [] as Start[]]));
  for (let round = 0; round <= rounds; round += 1) {
    // In turn, and not always in the same order.
    for (const [kind, measured] of round % 2 === 0 ? [...starts] : [...starts].toReversed()) {
      signal.throwIfAborted();
      const extra = kind.variables.flatMap((variable) => ['--env', variable]);
      const start = await measureStart(['--init', ...common, ...extra, kind.image]);
      // The first of each kind reads the image from the disk.
      if (round > 0) measured.push(start);
      say(`round ${round}: ${kind.name.padEnd(22)} ready after ${start.ready.toFixed(0)} ms`);
    }
  }
  return starts;
}

function asOptions(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}

function toMarkdown(starts: Starts, rounds: number, machine: ReturnType<typeof describeMachine>): string {
  const all = [...starts];
  const earlier = all.slice(0, -1);
  const last = all.at(-1)?.[1] ?? [];
  const row = (figure: keyof Start, title: string) => {
    const figures = (measured: readonly Start[]) => measured.map((start) => start[figure]);
    return [
      title,
      ...all.map(([, measured]) => show(spreadOf(figures(measured)), { unit: ' ms', digits: 0 })),
      ...earlier.map(([, measured]) => show(ratios(figures(last), figures(measured)), ratioForm)),
    ];
  };
  const header = ['', ...all.map(([{ name }]) => name), ...earlier.map(([{ name }]) => `ratio to ${name}`)];
  return `# From the start of a container to a ready service

\`npm run bench:start\`: ${machine.cores} cores (${machine.processor}), ${machine.platform}, load average ${machine.loadBefore.toFixed(2)} before the start.
${rounds} starts of each kind in turn: the median and, in brackets, the least and the most. Ratios are those of _compiled before_ to
the other kind, of neighbouring starts.

${table([header, row('ready', 'until `/readyz` answers 200'), row('processor', 'processor time until then')])}

_Compiled before_ is the image as it is: it brings what Node has compiled of every program (\`NODE_COMPILE_CACHE\`). _Compiled at its
start_ is the same image with \`NODE_DISABLE_COMPILE_CACHE=1\`.
`;
}
