import { prettyFactory } from 'pino-pretty';

export interface Terminal {
  /** Prints progress. */
  say: (text: string) => void;
  /** Prints a line of a child process: JSON is formatted, anything else stays unchanged. */
  showLogLine: (line: string) => void;
}

export function createTerminal({ colour }: { colour: boolean }): Terminal {
  const pretty = prettyFactory({
    colorize: colour,
    colorizeObjects: false,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,service,version,event',
    messageFormat: '{service}: {msg}',
  });
  // Writing to a closed terminal fails. SIGHUP then stops everything gracefully.
  process.stdout.on('error', () => undefined);
  return {
    say: (text) => void process.stdout.write(`${text}\n`),
    showLogLine: (line) => void process.stdout.write(pretty(line)),
  };
}
