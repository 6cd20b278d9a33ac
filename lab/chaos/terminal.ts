import { styleText } from 'node:util';
import { percentile } from './evidence.ts';
import type { Experiment } from './experiment.ts';
import type { Phase, Progress } from './run-experiment.ts';
import type { ExperimentResult } from './experiment-run.ts';

/** Shows progress: a table whose last row is updated in place in a terminal, and plain lines elsewhere. */
export interface Display {
  say(text: string): void;
  began(experiment: Experiment): void;
  progress(state: Progress): void;
  ended(result: ExperimentResult): void;
}

type Style = Parameters<typeof styleText>[0];

/** Of these, all but the last have room in a terminal of 80 columns. */
const columns = [23, 12, 4, 5, 5, 7, 5, 8, 9] as const;
const head = ['experiment', 'phase', 's', '201/s', '202/s', 'refused', 'lost', 'p99', 'breaker'];
/** Seconds between two lines if the output is not a terminal. */
const lineInterval = 5;

/** Colours follow the terminal and NO_COLOR. @see https://no-color.org */
export function createDisplay(stream: NodeJS.WriteStream): Display {
  const paint = (style: Style, text: string) => styleText(style, text, { stream, validateStream: true });
  const live = stream.isTTY;
  let current = '';
  let phase: Phase | undefined;
  let headShown = false;

  const write = (text: string) => void stream.write(text);
  /** Of the cells those that have room: a row that is broken into two could not be updated in place. */
  function line(cells: readonly string[]): string {
    const room = live && stream.columns > 0 ? stream.columns - 1 : Number.POSITIVE_INFINITY;
    let row = '';
    for (const [index, cell] of cells.entries()) {
      const width = columns[index] ?? 0;
      const longer = `${row}${index === 0 ? '' : ' '}${index < 2 ? cell.padEnd(width) : cell.padStart(width)}`;
      if (longer.length > room) break;
      row = longer;
    }
    return row;
  }

  return {
    say: (text) => write(`${text}\n`),
    began({ name }) {
      current = name;
      phase = undefined;
      if (!headShown) write(`${paint('bold', line(head))}\n`);
      headShown = true;
    },
    progress(state) {
      const entered = state.phase !== phase;
      phase = state.phase;
      const row = line(rowOf(current, state));
      if (live) write(`\r\u001B[2K${state.phase === 'fault' ? paint('yellow', row) : row}`);
      else if (entered || Math.round(state.seconds) % lineInterval === 0) write(`${row}\n`);
    },
    ended({ name, verdict, reason, checks }) {
      const failed = checks.filter((check) => check.verdict === 'failed');
      const style = ({ held: 'green', failed: 'red', skipped: 'dim' } as const)[verdict];
      const held = checks.filter((check) => check.verdict === 'held').length;
      if (live) write('\r\u001B[2K');
      write(
        `${paint(style, `${name.padEnd(25)}${verdict}`)}  ${reason ?? `${held} of ${checks.length} claims`}\n`,
      );
      for (const { claim, seen } of failed) write(`  ${paint('red', '✗')} ${claim}: ${seen}\n`);
    },
  };
}

/** Seconds that the figures cover. */
const window = 2;

function rowOf(name: string, { phase, seconds, replies, sampling }: Progress): string[] {
  const since = performance.now() - 1000 * window;
  const recent = replies.filter(
    ({ from, sentAt, duration }) => from !== 'others' && sentAt + duration >= since,
  );
  const perSecond = (pattern: RegExp) =>
    (recent.filter(({ answer }) => pattern.test(answer)).length / window).toFixed(0);
  const p99 = percentile(
    recent.map(({ duration }) => duration),
    0.99,
  );
  return [
    name,
    phase,
    seconds.toFixed(0),
    perSecond(/^201$/),
    perSecond(/^202$/),
    perSecond(/^[45]\d\d /),
    perSecond(/^no answer$/),
    Number.isNaN(p99) ? '–' : `${p99.toFixed(0)} ms`,
    sampling.samples.at(-1)?.circuit ?? '–',
  ];
}
