import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const run = promisify(execFile);

interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
}

const variations = [
  ['--set', 'upstream.url=http://upstream.example.com'],
  ...globSync('deploy/values/*.yaml')
    .toSorted()
    .map((file) => ['--values', file]),
];

test.for(variations.map((options) => [options.join(' '), options] as const))(
  'the chart renders with %s',
  async ([, options], context) => {
    const args = ['template', 'frontdesk', 'deploy/chart', ...options];
    const rendered = await run('helm', args, { maxBuffer: 64 * 1024 * 1024 }).catch((error: unknown) => {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing) throw error;
      return undefined;
    });
    if (rendered === undefined) return context.skip('needs helm: https://helm.sh/docs/intro/install');
    const manifests = parseAllDocuments(rendered.stdout).flatMap(
      (document) => (document.toJS() as Manifest | null) ?? [],
    );
    const kinds = manifests.map(({ kind }) => kind);
    expect(kinds).toEqual(
      expect.arrayContaining(['Deployment', 'Service', 'Job', 'ConfigMap', 'NetworkPolicy']),
    );
    const config = manifests.find(({ kind, data }) => kind === 'ConfigMap' && data?.['UPSTREAM_URL']);
    expect(config?.data).toMatchObject({
      NODE_ENV: 'production',
      UPSTREAM_URL: expect.stringMatching(/^http/),
    });
  },
);
