import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { KubeObject } from './cluster.ts';

/** What `npm run chart:schemas` has written. */
export const schemaFolder = path.resolve(import.meta.dirname, '../schemas');

/** What kubeconform says against the objects. Empty if nothing. */
export async function complaints(objects: readonly KubeObject[]): Promise<string> {
  const location = path.join(schemaFolder, '{{.ResourceKind}}{{.KindSuffix}}.json');
  const child = spawn('kubeconform', ['-strict', '-schema-location', location, '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A document each: it reads no lists.
  child.stdin.end(objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return output;
}
