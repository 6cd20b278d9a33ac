import { execFileSync, spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runCommand } from '../../lab/harness/command-line.ts';
import { pathOf } from '../../lab/harness/path-of.ts';

const usage = `npm run test:kubernetes -- [files] [options]

Renders the Helm chart, and installs it on the cluster of KUBECONFIG, if one answers. Tests whose programs are missing are left
out, and it says which.

  files                    test files, by a part of their names (default: all)
  -t, --testNamePattern    only the tests whose names match this regular expression
  --help                   show this
`;

await runCommand(() => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { testNamePattern: { type: 'string', short: 't' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) process.stdout.write(usage);
  else test(positionals, values.testNamePattern);
});

function test(files: readonly string[], pattern: string | undefined): void {
  const leftOut: string[] = [];
  const leaveOut = (tests: string, why: string) => {
    leftOut.push('--exclude', `test/kubernetes/${tests}`);
    process.stderr.write(`${why}\n`);
  };

  const reason = whyNoCluster();
  if (reason !== undefined) {
    leaveOut('cluster/**', `No cluster answers, so the chart is only rendered and checked.\n${reason}`);
  }
  if (pathOf('kubeconform') === undefined) {
    leaveOut(
      'schemas.test.ts',
      'Without kubeconform, manifests are not checked against the schemas in test/kubernetes/schemas: go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
    );
  }
  const missing = ['prometheus', 'prometheus-adapter'].filter((program) => pathOf(program) === undefined);
  if (reason === undefined && missing.length > 0) {
    leaveOut(
      'cluster/admission-autoscaling.test.ts',
      `Without ${missing.join(' and ')}, nothing measures the admission limit: apt-get install prometheus; go install sigs.k8s.io/prometheus-adapter/cmd/adapter@v0.12.0, as prometheus-adapter`,
    );
  }
  const { status } = spawnSync(
    'vitest',
    [
      'run',
      '--config',
      'vitest.kubernetes.config.ts',
      ...leftOut,
      ...(pattern === undefined ? [] : ['-t', pattern]),
      ...files,
    ],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
}

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
