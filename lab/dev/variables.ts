import { oneOf, text } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Everything that `npm start` and `npm run dev` read themselves; the programs that they start read their own. */
export const devVariables = {
  NODE_ENV: {
    ...variables.NODE_ENV,
    meaning: 'with `production` nothing embedded starts: `npm start` is then `npm run serve`',
  },
  DATA_DIR: text({ default: '.data', meaning: 'where the embedded Postgres keeps its data' }),
  CONSOLE: oneOf(['on', 'off'], {
    default: 'on',
    meaning: 'with `off`, `npm start` brings no console, and telemetry goes nowhere or to your Collector',
  }),
} as const;
