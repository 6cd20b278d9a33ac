import type { ErrorObject, Options } from 'ajv';
import type { FastifyError } from 'fastify';
import { type Answer, problem } from './answer.ts';

/**
 * Rejects unknown fields and coerces nothing: a mistyped setting that is silently ignored would cost its user an hour.
 * The custom keyword `expected` completes "must be …", which reads better than ajv's message per keyword.
 */
export const ajvOptions = {
  removeAdditional: false,
  coerceTypes: false,
  useDefaults: true,
  allErrors: true,
  discriminator: true,
  // Attaches the schema to each error, and with it `expected`.
  verbose: true,
  keywords: ['expected'],
} satisfies Options;

interface RequestFault {
  /** JSON pointer (RFC 6901) into the request. */
  pointer: string;
  detail: string;
}

/** The answer to any request that Fastify rejects before a handler runs. */
export function invalidRequest(error: FastifyError): Answer {
  const status = error.statusCode ?? 400;
  if (error.validation === undefined) return problem(status, 'invalid_request', error.message);

  // One error per pointer: ajv reports the outermost schema last, and that is the one with `expected`.
  const faults = new Map(
    error.validation.map((fault) => describe(fault as ErrorObject)).map((fault) => [fault.pointer, fault]),
  );
  const part = error.validationContext ?? 'request';
  return problem(400, 'invalid_request', `The ${part} is not valid; errors lists each fault.`, {
    members: { errors: [...faults.values()] },
  });
}

function describe({ keyword, instancePath, params, parentSchema, message }: ErrorObject): RequestFault {
  if (keyword === 'additionalProperties') {
    return { pointer: join(instancePath, params['additionalProperty']), detail: 'is not known' };
  }
  if (keyword === 'required') {
    return { pointer: join(instancePath, params['missingProperty']), detail: 'is missing' };
  }
  const expected: unknown = parentSchema?.['expected'];
  return {
    pointer: instancePath,
    detail: typeof expected === 'string' ? `must be ${expected}` : (message ?? 'is not valid'),
  };
}

function join(pointer: string, property: unknown): string {
  return `${pointer}/${String(property).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
