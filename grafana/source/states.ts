import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { bad, good, notice } from './colours.ts';

/** Names for the values of `breakerState`. */
export const breakerStates: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: {
      '0': { text: 'closed', color: good, index: 0 },
      '1': { text: 'half-open', color: notice, index: 1 },
      '2': { text: 'open', color: bad, index: 2 },
      '3': { text: 'open in part', color: bad, index: 3 },
    },
  },
];
