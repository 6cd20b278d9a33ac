import { execFileSync, spawnSync } from 'node:child_process';

/**
 * `npm run test:kubernetes`: renders the Helm chart, and installs it on the cluster of KUBECONFIG, if one answers. Further
 * arguments are those of vitest.
 */

const reason = whyNoCluster();
if (reason !== undefined) {
  process.stderr.write(`No cluster answers, so the chart is only rendered and checked.\n${reason}\n`);
}
const onlyRendered = reason === undefined ? [] : ['--exclude', 'test/kubernetes/cluster/**'];
const { status } = spawnSync(
  'vitest',
  ['run', '--config', 'vitest.kubernetes.config.ts', ...onlyRendered, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;

/** What `kubectl` says; `undefined` if it reaches a cluster. */
function whyNoCluster(): string | undefined {
  try {
    execFileSync('kubectl', ['get', '--raw', '/readyz', '--request-timeout=10s'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    return (stderr?.toString() || String(error)).trim().split('\n').at(-1);
  }
}
