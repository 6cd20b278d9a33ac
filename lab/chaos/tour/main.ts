import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { playStory } from './guide.ts';
import { type Addresses, findPlace, usual } from './place.ts';
import { messageOf } from '../../harness/command-line.ts';
import { watchInterruption } from '../../harness/interruption.ts';
import { leftBehind } from '../left-behind.ts';
import { withoutSlash } from '../options.ts';
import { stories } from '../../tours/stories.ts';

/** `npm run tour`: four guided failures in the terminal, each with what the telemetry shows of it. */

const usage = `npm run tour -- [names] [options]

  names                stories by name or prefix (default: all)
  --list               print names and titles, play nothing
  --auto               continue without waiting for Enter
  --url <url>          the service (default ${usual.url})
  --admin-url <url>    its admin listener (default ${usual.adminUrl})
  --gateway-url <url>  its payment gateway simulator (default ${usual.gatewayUrl})
  --api-key <key>      default ${usual.apiKey}
  --help               show this help

The tour uses the service at these addresses if it is running (npm start, npm run stack:native, docker compose up), else
it starts its own. It clears the gateway's faults at the end and after Ctrl-C; a second Ctrl-C ends it at once.
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const interruption = watchInterruption(() => 'The faults of the gateway may still be set.');
const { signal } = interruption;

try {
  await main();
} catch (error) {
  process.exitCode = signal.aborted ? 130 : 1;
  const left = leftBehind(error);
  const cleared = left.length > 0 ? left.join('\n') : 'The faults of the gateway are cleared.';
  process.stderr.write(`${signal.aborted ? `\nInterrupted. ${cleared}` : messageOf(error)}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      auto: { type: 'boolean', default: false },
      url: { type: 'string', default: usual.url },
      'admin-url': { type: 'string', default: usual.adminUrl },
      'gateway-url': { type: 'string', default: usual.gatewayUrl },
      'api-key': { type: 'string', default: usual.apiKey },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = stories.filter(
    ({ name }) => positionals.length === 0 || positionals.some((wanted) => name.startsWith(wanted)),
  );
  const unknown = positionals.find((wanted) => !stories.some(({ name }) => name.startsWith(wanted)));
  if (values.help) say(usage.trimEnd());
  else if (values.list) for (const { name, title } of stories) say(`${name.padEnd(14)}${title}`);
  else if (unknown !== undefined) throw new Error(`No story begins with "${unknown}". Try --list.`);
  else {
    const at: Addresses = {
      url: withoutSlash(values.url),
      adminUrl: withoutSlash(values['admin-url']),
      gatewayUrl: withoutSlash(values['gateway-url']),
      apiKey: values['api-key'],
    };
    await guide(chosen, at, values.auto || !process.stdin.isTTY);
  }
}

async function guide(chosen: typeof stories, at: Addresses, auto: boolean): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const place = parts.use(await findPlace(at, say));
  say(
    `The tour takes place at ${place.description}. ${auto ? 'It goes on by itself' : 'Enter continues'}; Ctrl-C ends it and takes the faults back.`,
  );
  const terminal = auto ? undefined : createInterface({ input: process.stdin, output: process.stdout });
  parts.defer(() => terminal?.close());
  // The line editor reads Ctrl-C as a key, so no signal arrives.
  terminal?.on('SIGINT', interruption.request);
  // After the end of the input, Ctrl-D included, no question would ever be answered.
  terminal?.on('close', interruption.abandon);
  const next = async () => {
    if (terminal) await terminal.question('      Press Enter to continue ', { signal });
  };
  for (const story of chosen) {
    await playStory(story, { place, say, next, signal });
  }
}
