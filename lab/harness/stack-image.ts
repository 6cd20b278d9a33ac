import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';

const composeFile = path.resolve(import.meta.dirname, '../../docker-compose.yml');

/** The image of a service of docker-compose.yml, which is the one place for versions. Its variables apply here as well. */
export async function stackImage(service: 'postgres' | 'valkey'): Promise<string> {
  const { services } = parse(await readFile(composeFile, 'utf8')) as {
    services: Record<string, { image?: string }>;
  };
  const image = services[service]?.image ?? '';
  return image.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_whole, name: string, value: string) => process.env[name] || value,
  );
}
