import { ConfigError } from './environment.ts';

/** The faults that loading each configuration finds, each once, because programs share variables. */
export function faultsOf(loaders: ReadonlyArray<() => unknown>): string[] {
  const faults = new Set<string>();
  for (const load of loaders) {
    try {
      load();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const fault of error.faults) faults.add(fault);
    }
  }
  return [...faults];
}
