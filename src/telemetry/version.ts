import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** What the service calls itself in logs, spans, in `/status` and in the OpenAPI document. */
export const serviceVersion: string = version;
