import type { Settings } from './sessions.ts';

/**
 * Settings of a session that are not what the service relies on, a sentence for each. There are none unless something
 * between the service and Postgres takes them back, or does not let the service set them. Those that this version of
 * Postgres does not have are left out.
 */
export function differingSettings(found: Settings, meant: Settings): string[] {
  return Object.entries(meant).flatMap(([name, value]) => {
    const actual = found[name];
    if (actual === undefined || actual === value) return [];
    // It waits for more than is meant.
    if (name === 'synchronous_commit' && actual === 'remote_apply') return [];
    return [`${name} is ${actual}, not ${value}`];
  });
}
