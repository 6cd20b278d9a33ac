import { prettyFactory } from 'pino-pretty';

export interface Terminal {
  /** Progress, for people. */
  say: (text: string) => void;
  /** A line that a child process has written: JSON becomes readable, anything else stays as it is. */
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
  // A terminal that was closed takes no more output; what runs is then ended by SIGHUP, in order.
  process.stdout.on('error', () => undefined);
  return {
    say: (text) => void process.stdout.write(`${text}\n`),
    showLogLine: (line) => void process.stdout.write(pretty(line)),
  };
}
