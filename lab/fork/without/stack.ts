import { type Edit, remove, replace } from '../edits.ts';

/** A change of a recipe to a file whose path begins so. */
const changeOf = (paths: string): Edit =>
  remove(new RegExp(`^(\`{3,})diff\\n\\+\\+\\+ (?:${paths})[^]*?^\\1\\n\\n?`, 'gm'));

/** What the pages that stay lose with the stack. */
export const withoutStack: Readonly<Record<string, readonly Edit[]>> = {
  'knip.json': [remove(', "grafana/**/*.ts"')],
  'README.md': [
    remove(/^`docker compose up` runs .*\n\n/gm),
    remove(', and `grafana/source/` for their panels'),
    replace('a metric with its panel and alert', 'a metric'),
  ],
  'docs/recipes.md': [
    replace('## A metric with its panel and its alert', '## A metric'),
    replace(/ The panel\nstands in [^]*?whether the metric exists\./g, ''),
    changeOf('grafana/|prometheus/|docs/runbooks/'),
  ],
};

/** What the pages that stay lose with the Helm chart. */
export const withoutKubernetes: Readonly<Record<string, readonly Edit[]>> = {
  'knip.json': [remove(', "deploy/**/*.ts"')],
  'README.md': [remove(/^`deploy\/` has the Helm chart\.\n\n/gm)],
};
