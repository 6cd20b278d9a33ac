import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { tell } from './guide.ts';
import { findPlace } from './place.ts';
import { stories } from './stories.ts';

/** `npm run tour`: four stories of what goes wrong and what is seen of it, in the terminal. */

const usage = `npm run tour -- [names] [options]

  names    stories, or the beginning of their names (default all)
  --list   names and titles, and nothing else
  --auto   go on by itself rather than with Enter
  --help   show this

Where a service runs on the usual ports (npm start, npm run stack:native, docker compose up), it is that one; else the tour
starts its own. The gateway works again at the end, and after Ctrl-C.
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());

try {
  await main();
} catch (error) {
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${interrupted.signal.aborted ? '\nInterrupted; the gateway works again.' : text}\n`);
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
  // In a line editor Ctrl-C is a key.
  terminal?.on('SIGINT', () => interrupted.abort());
  const next = async () => {
    if (terminal) await terminal.question('      Enter to go on ', { signal: interrupted.signal });
  };
  for (const story of chosen) {
    await tell(story, { place, say, next, signal: interrupted.signal });
  }
}
