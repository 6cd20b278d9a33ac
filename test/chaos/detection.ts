import { table } from '../../bench/table.ts';
import { type Experiment, heartbeat } from './experiment.ts';

/** Alerts that no experiment fires, and why. Every other one is claimed by an experiment. */
export const unrehearsed: Readonly<Record<string, string>> = {
  FileDescriptorsLow:
    'The number of connections has a bound far below the limit of the process, so that no load from outside gets there.',
  DiskWritesUnexpected:
    'The service writes nothing to disk; heap snapshots and core dumps are a person’s doing.',
  CollectorDropsTelemetry:
    'A rehearsal has no Collector, but a receiver in its place. `npm run test:stack` has a real one.',
};

/** One row for all experiments and one for each, below a head. */
export function detectionRows(experiments: readonly Experiment[]): string[][] {
  return [
    ['fault', 'detected by', 'within, minutes'],
    ['every experiment', `\`${heartbeat}\`, or no other alert is believed`, 'before the fault'],
    ...experiments.map(({ name, title, hypothesis: { detection } }) => {
      const fault = `${title} (\`${name}\`)`;
      if ('undetected' in detection) return [fault, `none: ${detection.undetected}`, ''];
      return [
        fault,
        detection
          .map(({ alert, labels = {} }) => [`\`${alert}\``, ...Object.values(labels)].join(' '))
          .join(', '),
        detection.map(({ withinMinutes }) => withinMinutes).join(', '),
      ];
    }),
  ];
}

/** Fault by detection, and what no experiment detects, as Markdown. */
export function detectionTable(experiments: readonly Experiment[]): string {
  const others = Object.entries(unrehearsed).map(([alert, reason]) => [`\`${alert}\``, reason]);
  return `${table(detectionRows(experiments))}

Alerts that no experiment fires:

${table([['alert', 'why not'], ...others])}`;
}
