import { oneOf, text } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Every variable that `npm start` and `npm run dev` read themselves. The programs that they start read their own. */
export const devVariables = {
  NODE_ENV: {
    ...variables.NODE_ENV,
    meaning: 'with `production`, nothing embedded starts, and `npm start` is `npm run serve`',
  },
  DATA_DIR: text({ default: '.data', meaning: 'folder in which the embedded Postgres keeps its data' }),
  CONSOLE: oneOf(['on', 'off'], {
    default: 'on',
    meaning: 'with `off`, `npm start` starts no console, and telemetry goes to your Collector or nowhere',
  }),
} as const;
