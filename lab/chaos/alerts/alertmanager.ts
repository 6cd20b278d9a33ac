import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answers, startProgram } from '../../../stack/native/program.ts';
import { freePort } from '../../harness/free-port.ts';
import { scaleSettings, type TimeScale } from './scale-rules.ts';

/** An Alertmanager with the stack's routes, whose waits are divided by the scale. */
export interface Alertmanager extends AsyncDisposable {
  /** `host:port`, for Prometheus. */
  target: string;
}

const configuration = path.resolve(import.meta.dirname, '../../../stack/alertmanager/alertmanager.yml');

/** @param options.urls base URLs of the receivers, by the host in the stack's configuration */
export async function startAlertmanager(options: {
  command: string;
  scale: TimeScale;
  urls: Readonly<Record<string, string>>;
}): Promise<Alertmanager> {
  const { command, scale, urls } = options;
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-alertmanager-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  let text = scaleSettings(await readFile(configuration, 'utf8'), scale);
  for (const [host, url] of Object.entries(urls)) text = text.replaceAll(`http://${host}/`, `${url}/`);
  const file = path.join(folder, 'alertmanager.yml');
  await writeFile(file, text);

  const target = `127.0.0.1:${await freePort()}`;
  const program = await startProgram({
    name: 'alertmanager',
    command,
    args: [
      `--config.file=${file}`,
      `--storage.path=${path.join(folder, 'data')}`,
      '--cluster.listen-address=',
      `--web.listen-address=${target}`,
    ],
    env: { GOMAXPROCS: '1' },
    logFile: path.join(folder, 'alertmanager.log'),
    ready: () => answers(`http://${target}/-/ready`),
  });
  started.defer(() => program.stop());
  const owned = started.move();
  return { target, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
