import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { answers, startProgram } from '../../stack/native/program.ts';
import { freePort } from './free-port.ts';

export interface RunningPrometheus {
  url: string;
  stop(): Promise<void>;
}

/** Starts a Prometheus on a free port. @param folder takes its configuration, its data (`data`) and its log */
export async function runPrometheus(options: {
  command: string;
  folder: string;
  configuration: object;
  flags?: readonly string[];
}): Promise<RunningPrometheus> {
  const { command, folder, configuration, flags = [] } = options;
  const file = path.join(folder, 'prometheus.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify(configuration));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const program = await startProgram({
    name: 'prometheus',
    command,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      ...flags,
    ],
    env: { GOMAXPROCS: '1' },
    logFile: path.join(folder, 'prometheus.log'),
    ready: () => answers(`${url}/-/ready`),
  });
  return { url, stop: () => program.stop() };
}
