import type { Environment } from './environment.ts';
import { misspeltNames } from './misspelt-names.ts';
import { ignoredValues, sdkNames, variablesWithoutEffect } from './sdk-variables.ts';
import { telemetryVariables } from './telemetry-variables.ts';

/** Set for the children of a program that has given the warnings for them. */
export const warningsGiven = { ENVIRONMENT_CHECKED: 'true' };

/**
 * What is probably wrong with the environment, although the program can run: misspelt names, and standard variables of
 * OpenTelemetry whose value is ignored or that have no effect here.
 *
 * @param variables the variables of the program
 * @returns sentences for people; none contains a secret
 */
export function environmentWarnings(
  variables: Readonly<Record<string, unknown>>,
  env: Environment = process.env,
): string[] {
  if (env['ENVIRONMENT_CHECKED'] === warningsGiven.ENVIRONMENT_CHECKED) return [];
  const known = [
    ...Object.keys(variables),
    ...Object.keys(telemetryVariables),
    ...sdkNames,
    ...Object.keys(warningsGiven),
  ];
  return [...misspeltNames(known, env), ...ignoredValues(env), ...variablesWithoutEffect(env)];
}
