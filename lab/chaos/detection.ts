import { table } from '../bench/shared/table.ts';
import { type Experiment, heartbeat } from './experiment.ts';

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

/** Fault by detection, as Markdown. */
export const detectionTable = (experiments: readonly Experiment[]): string =>
  table(detectionRows(experiments));
