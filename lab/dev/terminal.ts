import { prettyFactory } from 'pino-pretty';

export interface Terminal {
  /** Prints progress. */
  say: (text: string) => void;
  /** Prints a line of a child process: JSON is formatted, anything else stays unchanged. */
  showLogLine: (line: string) => void;
}

/** @param onGone called when nobody reads the output any more */
export function createTerminal({ colour, onGone }: { colour: boolean; onGone(): void }): Terminal {
  const pretty = prettyFactory({
    colorize: colour,
    colorizeObjects: false,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,service,version,event',
    messageFormat: '{service}: {msg}',
  });
  // Writing to a closed terminal or pipe fails. Without a listener, the error would end this process before its children.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onGone);
  return {
    say: (text) => void process.stdout.write(`${text}\n`),
    showLogLine: (line) => void process.stdout.write(pretty(line)),
  };
}
