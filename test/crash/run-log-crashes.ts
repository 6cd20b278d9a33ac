import { parseArgs } from 'node:util';
import { runCommand } from '../../lab/harness/command-line.ts';
import { watchInterruption } from '../../lab/harness/interruption.ts';
import { wholeNumber } from '../../lab/harness/whole-number.ts';
import { proveCrashes } from './log-crashes.ts';

const usage = `npm run test:crash:logs -- [options]

  --kills <n>  how often the log processor is killed (default 100)
  --help       show this
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '100' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const kills = wholeNumber('--kills', values.kills, 1, 999_999);
  const { signal } = watchInterruption(() => 'There is no report.');
  process.stdout.write(`${kills} kills; Ctrl-C ends with a report of those so far\n`);
  const report = await proveCrashes({
    kills,
    signal,
    random: Math.random,
    progress: (sentence) => void process.stdout.write(`${sentence}\n`),
  });
  process.stdout.write(
    `${report.kills} kills, ${report.lines} lines, ${report.rotations} rotations: ${report.missing} lines are missing, ${report.repeated} arrived again (at most ${report.mostRepeated} after one kill), ${report.beforeCheckpoint} of them although the checkpoint had them.\n`,
  );
  if (report.missing + report.beforeCheckpoint > 0) process.exitCode = 1;
});
