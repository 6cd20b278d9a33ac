import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findTool } from '../../stack/native/tools.ts';
import { stack } from './backends.ts';
import { compose } from '../../lab/harness/compose-project.ts';

const run = promisify(execFile);

const inContainer = ['otel-collector', '/otelcol-contrib', 'validate', '--config=/etc/otelcol/config.yaml'];

test('the Collector accepts its configuration', async () => {
  const file = 'otel-collector/config.yaml';
  const validate =
    stack.project === undefined
      ? run(findTool('otel-collector') ?? '', ['validate', '--config', file])
      : compose(stack.project, ['exec', '-T', ...inContainer]);
  await expect(validate).resolves.toMatchObject({ stderr: '' });
});

// Read by the program of this machine: in the containers' stack these files are not mounted.
test.runIf(stack.project === undefined).each(['minimal', 'vendor', 'without-loki'])(
  'the Collector accepts its configuration with %s.yaml on top',
  async (name) => {
    const files = ['config', name].map((file) => `--config=otel-collector/${file}.yaml`);
    const env = {
      ...process.env,
      VENDOR_OTLP_ENDPOINT: 'https://otlp.example.com',
      VENDOR_AUTHORIZATION: 'Bearer of-no-value',
      COLLECTOR_LOG_FILE: '/dev/null',
    };
    const validate = run(findTool('otel-collector') ?? '', ['validate', ...files], { env });
    await expect(validate).resolves.toMatchObject({ stderr: '' });
  },
);

const parts = ['otel-collector', 'jaeger', 'prometheus', ...(stack.lokiUrl === undefined ? [] : ['loki'])];

test.each(parts)('%s logs no deprecated configuration', async (name) => {
  const lines = (await logOf(name)).split('\n');
  expect(lines.filter((line) => /deprecat/i.test(line))).toEqual([]);
});

async function logOf(name: string): Promise<string> {
  if (stack.native) return readFile(path.join(stack.native.dataDir, 'logs', `${name}.log`), 'utf8');
  const { stdout, stderr } = await compose(stack.project ?? '', ['logs', '--no-log-prefix', name]);
  return stdout + stderr;
}
