import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { playStory } from './guide.ts';
import { findPlace } from './place.ts';
import { stories } from '../../tours/stories.ts';

/** `npm run tour`: four guided failures in the terminal, each with what the telemetry shows of it. */

const usage = `npm run tour -- [names] [options]

  names    stories by name or prefix (default: all)
  --list   print names and titles, play nothing
  --auto   continue without waiting for Enter
  --help   show this help

The tour uses the service on the default ports if one is running (npm start, npm run stack:native, docker compose up), else
it starts its own. It clears the gateway's faults at the end and after Ctrl-C.
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());

try {
  await main();
} catch (error) {
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${interrupted.signal.aborted ? '\nInterrupted; the faults of the gateway are cleared.' : text}\n`,
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      auto: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = stories.filter(
    ({ name }) => positionals.length === 0 || positionals.some((wanted) => name.startsWith(wanted)),
  );
  if (values.help) say(usage.trimEnd());
  else if (values.list) for (const { name, title } of stories) say(`${name.padEnd(14)}${title}`);
  else if (chosen.length === 0)
    throw new Error(`No story begins with "${positionals.join(', ')}". Try --list.`);
  else await guide(chosen, values.auto || !process.stdin.isTTY);
}

async function guide(chosen: typeof stories, auto: boolean): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const place = parts.use(await findPlace(say));
  say(`The tour takes place at ${place.description}.`);
  const terminal = auto ? undefined : createInterface({ input: process.stdin, output: process.stdout });
  parts.defer(() => terminal?.close());
  // The line editor reads Ctrl-C as a key, so no signal arrives.
  terminal?.on('SIGINT', () => interrupted.abort());
  const next = async () => {
    if (terminal) await terminal.question('      Press Enter to continue ', { signal: interrupted.signal });
  };
  for (const story of chosen) {
    await playStory(story, { place, say, next, signal: interrupted.signal });
  }
}
