import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** What the files around the service lose with the worker: without it, nothing asks Postgres while no customer does. */
export const withoutWorkerInStack: Readonly<Record<string, readonly Edit[]>> = {
  'prometheus/rules/orders.yml': [withoutBlock('- alert: DatabaseUnavailable')],
  'prometheus/rules-tests/orders.test.yml': [
    withoutBlock('- name: Postgres fails the workers of two replicas'),
    withoutBlock('- name: Postgres fails one replica'),
    withoutBlock('- name: a failover of Postgres takes'),
  ],
  'docs/runbooks/README.md': [replace('`ServiceDown`, `DatabaseUnavailable`', '`ServiceDown`')],
  'docs/runbooks/service-down.md': [
    replace('Alerts: `ServiceDown`, `DatabaseUnavailable` (page)', 'Alert: `ServiceDown` (page)'),
    remove(/^`DatabaseUnavailable`: [^]*?\n\n/gm),
    remove(/^Do the replicas run, [^]*?(?=^```logql)/gm),
    remove(/^- \*\*`\/readyz` names a condition.*\n/gm),
    remove(/^\n`DatabaseUnavailable` needs [^]*$/gm),
  ],
};
