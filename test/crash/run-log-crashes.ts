import { parseArgs } from 'node:util';
import { proveCrashes } from './log-crashes.ts';

const usage = `npm run test:crash:logs -- [options]

  --kills <n>  how often the log processor is killed (default 100)
  --help       show this
`;

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, help: { type: 'boolean', default: false } },
});
const kills = /^\d{1,6}$/.test(values.kills) ? Number(values.kills) : 0;
if (values.help) process.stdout.write(usage);
else if (kills === 0) {
  process.stderr.write(
    `--kills must be a whole number from 1 to 999999, not "${values.kills}". Try --help.\n`,
  );
  process.exitCode = 1;
} else {
  const report = await proveCrashes({
    kills,
    random: Math.random,
    progress: (sentence) => void process.stdout.write(`${sentence}\n`),
  });
  process.stdout.write(
    `${report.kills} kills, ${report.lines} lines, ${report.rotations} rotations: ${report.missing} lines are missing, ${report.repeated} arrived again (at most ${report.mostRepeated} after one kill), ${report.beforeCheckpoint} of them although the checkpoint had them.\n`,
  );
  if (report.missing + report.beforeCheckpoint > 0) process.exitCode = 1;
}
