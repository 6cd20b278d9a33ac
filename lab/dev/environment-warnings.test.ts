import { expect, test } from 'vitest';
import { environmentWarnings, warningsGiven } from '../../src/config/environment-warnings.ts';
import { migrationVariables } from '../../src/config/migration-variables.ts';
import { sdkNames } from '../../src/config/sdk-variables.ts';
import { telemetryVariables } from '../../src/config/telemetry-variables.ts';
import { variables } from '../../src/config/variables.ts';
import { consoleVariables } from '../console/variables.ts';
import { simulatorVariables } from '../simulator/variables.ts';
import { trafficVariables } from '../traffic/variables.ts';
import { devVariables } from './variables.ts';

const programs = {
  service: variables,
  migration: { ...variables, ...migrationVariables },
  dev: devVariables,
  console: consoleVariables,
  simulator: simulatorVariables,
  traffic: trafficVariables,
};

test.each(Object.entries(programs))('%s does not report a variable of another program', (_name, own) => {
  const all = [...Object.values(programs), telemetryVariables].flatMap(Object.keys);
  for (const name of [...all, ...sdkNames]) {
    const warnings = environmentWarnings(own, { [name]: '' }).filter((each) => each.includes('Did you mean'));
    expect({ name, warnings }).toEqual({ name, warnings: [] });
  }
});

test('a misspelt name and an ignored value are reported together, unless a parent program has done so', () => {
  const env = { RATE_LIMT_MAX: '1', OTEL_TRACES_SAMPLR: 'always_on', OTEL_SDK_DISABLED: 'yes' };
  expect(environmentWarnings(variables, env)).toEqual([
    'OTEL_TRACES_SAMPLR is not a variable of this program. Did you mean OTEL_TRACES_SAMPLER?',
    'RATE_LIMT_MAX is not a variable of this program. Did you mean RATE_LIMIT_MAX?',
    'OTEL_SDK_DISABLED must be one of true, false, not "yes". It is ignored.',
  ]);
  expect(environmentWarnings(variables, { ...env, ...warningsGiven })).toEqual([]);
});
