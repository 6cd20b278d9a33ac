import packageJson from '../../package.json' with { type: 'json' };

/** What the service calls itself in logs, spans, in `/status` and in the OpenAPI document. */
export const serviceVersion: string = packageJson.version;
