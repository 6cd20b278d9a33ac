import { table } from '../report/table.ts';
import { type Experiment, heartbeat } from './experiment.ts';

/** A header, a row for the heartbeat and one row per experiment. */
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

/** Which alert detects which fault, as a Markdown table. */
export const detectionTable = (experiments: readonly Experiment[]): string =>
  table(detectionRows(experiments));
