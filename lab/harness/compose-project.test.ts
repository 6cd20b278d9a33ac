import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { compose } from './compose-project.ts';

interface Config {
  services: Record<string, { environment: Record<string, string> }>;
}

// Compose is a plugin that some packages of Docker lack. `config` needs no container.
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

test.skipIf(!hasCompose)(
  'the stack of a test is that of the repository, whatever a developer has in .env',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'orders-compose-'));
    const dotEnv = path.join(folder, '.env');
    await writeFile(dotEnv, 'COMPOSE_FILE=docker-compose.yml:stack/minimal.yml\nAPI_KEYS=mine:mine\n');
    const env = { COMPOSE_ENV_FILES: dotEnv, LOG_LEVEL: 'warn' };
    const { stdout } = await compose('orders-of-a-test', ['config', '--format', 'json'], env);
    await rm(folder, { recursive: true });
    const { services } = JSON.parse(stdout) as Config;
    expect(services).toHaveProperty('grafana');
    // A variable of this process counts.
    expect(services['orders']?.environment).toMatchObject({ API_KEYS: 'demo:demo-key', LOG_LEVEL: 'warn' });
  },
);
