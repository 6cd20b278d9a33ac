import type { ErrorObject, Options } from 'ajv';
import type { FastifyError } from 'fastify';
import { type Answer, problem } from './answer.ts';

/**
 * Unknown fields are refused and nothing is coerced: a mistyped knob that is silently ignored would cost its user
 * an hour. A schema says in `expected` what completes "must be …", better than a message per keyword could.
 */
export const ajvOptions = {
  removeAdditional: false,
  coerceTypes: false,
  useDefaults: true,
  allErrors: true,
  discriminator: true,
  // Brings the schema into each error, and with it `expected`.
  verbose: true,
  keywords: ['expected'],
} satisfies Options;

interface RequestFault {
  /** JSON pointer (RFC 6901) into what was sent. */
  pointer: string;
  detail: string;
}

/** Everything that Fastify refuses before a handler runs. */
export function invalidRequest(error: FastifyError): Answer {
  const status = error.statusCode ?? 400;
  if (error.validation === undefined) return problem(status, 'invalid_request', error.message);

  // One line per place: the last error of a place is the outermost, the one a schema has words for.
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
