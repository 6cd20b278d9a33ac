import { writeFile } from 'node:fs/promises';
import { consoleVariables } from '../lab/console/variables.ts';
import { devVariables } from '../lab/dev/variables.ts';
import { evidenceVariables } from '../lab/evidence/variables.ts';
import { logsVariables } from '../lab/logs/variables.ts';
import { simulatorVariables } from '../lab/simulator/variables.ts';
import { trafficVariables } from '../lab/traffic/variables.ts';
import type { Variable } from '../src/config/environment.ts';
import { migrationVariables } from '../src/config/migration-variables.ts';
import { telemetryVariables } from '../src/config/telemetry-variables.ts';
import { variables } from '../src/config/variables.ts';
import { refuseArguments } from '../src/arguments.ts';

/** `npm run docs`: writes docs/configuration.md from the variables of each program. */

const page = new URL('../docs/configuration.md', import.meta.url);

type Variables = Readonly<Record<string, Variable<unknown>>>;

/** One section per program, in the order in which a reader meets them. */
const programs: ReadonlyArray<{ title: string; about: string; variables: Variables }> = [
  {
    title: 'The service',
    about: '`npm run serve` and the container image.',
    variables,
  },
  {
    title: 'Telemetry of the service',
    about:
      'The standard variables of the [OpenTelemetry SDK](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) work as the specification says: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES` and the rest. The service reads these itself:',
    variables: Object.fromEntries(
      Object.entries(telemetryVariables).filter(([name]) => name.startsWith('OTEL_')),
    ),
  },
  {
    title: 'The migrations',
    about:
      '`npm run migrate`, which also reads `DATABASE_URL` and `DATABASE_POOLER`, and `npm start`, which does the same first.',
    variables: migrationVariables,
  },
  {
    title: '`npm start`',
    about:
      '`npm start` and `npm run dev` pass every variable to the programs that they start, so the variables of the other sections work too.',
    variables: devVariables,
  },
  { title: 'The console', about: '`npm run console`.', variables: consoleVariables },
  {
    title: 'The payment gateway simulator',
    about: '`npm run simulator`.',
    variables: simulatorVariables,
  },
  { title: 'The traffic generator', about: '`npm run traffic`.', variables: trafficVariables },
  { title: 'The log processor', about: '`npm run logs` ([docs](logs.md)).', variables: logsVariables },
  {
    title: 'The evidence receiver',
    about: '`npm run evidence` ([docs](evidence.md)).',
    variables: evidenceVariables,
  },
];

const introduction = `# Configuration

Every program reads its configuration from environment variables, once, at start. A missing or malformed variable stops
the start with one line per fault. A misspelt name is reported with the name that it resembles, and a value that the OpenTelemetry
SDK ignores with the values that it knows. Durations are written \`250ms\`, \`3s\`, \`5m\` or \`24h\`. \`npm run docs\` generates
this page.
`;

export function configurationPage(): string {
  const sections = programs.map(
    ({ title, about, variables: known }) => `## ${title}\n\n${about}\n\n${tableOf(known)}\n`,
  );
  return [introduction, ...sections].join('\n');
}

function tableOf(known: Variables): string {
  const rows = Object.entries(known).map(
    ([name, { default: value, optional, meaning }]) =>
      `| \`${name}\` | ${value !== undefined ? `\`${value}\`` : optional ? 'optional' : 'required'} | ${meaning} |`,
  );
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

if (import.meta.main) {
  refuseArguments();
  await writeFile(page, configurationPage());
}
