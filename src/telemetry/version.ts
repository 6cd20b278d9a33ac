import { readFileSync } from 'node:fs';

const { version, license } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string; license?: string };

/** The version in logs, spans, `/status` and the OpenAPI document. */
export const serviceVersion: string = version;

/** The licence in the OpenAPI document, as package.json names it: an SPDX expression, or `UNLICENSED`. */
export const serviceLicense: string | undefined = license;

/**
 * The version of the semantic conventions that names of attributes follow.
 *
 * @see https://opentelemetry.io/docs/specs/otel/schemas/
 */
export const schemaUrl = 'https://opentelemetry.io/schemas/1.45.0';
