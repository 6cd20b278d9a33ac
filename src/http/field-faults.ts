import type { FastifyError } from 'fastify';
import { scrub } from '../privacy/scrub.ts';
import { idempotencyKeyForm, idempotencyKeyPattern } from './idempotency/idempotency-key.ts';

export interface FieldFault {
  in: 'body' | 'header' | 'query' | 'path';
  pointer: string;
  detail: string;
}

const places: Readonly<Record<string, FieldFault['in']>> = {
  body: 'body',
  headers: 'header',
  querystring: 'query',
  params: 'path',
};

type ValidationFault = NonNullable<FastifyError['validation']>[number];

/** What a schema has found wrong, in words for the client. */
export function describeFault(error: FastifyError, fault: ValidationFault): FieldFault {
  const { missingProperty, additionalProperty, allowedValues } = fault.params;
  const member = missingProperty ?? additionalProperty;
  return {
    in: places[error.validationContext ?? 'body'] ?? 'body',
    // An unknown member name is the client's text, which may hold a secret.
    pointer: scrub(
      typeof member === 'string' ? `${fault.instancePath}/${escapePointer(member)}` : fault.instancePath,
    ),
    detail: detailOf(fault, allowedValues),
  };
}

function detailOf(fault: ValidationFault, allowedValues: unknown): string {
  if (fault.keyword === 'required') return 'is missing';
  if (fault.keyword === 'additionalProperties') return 'is not known';
  if (fault.keyword === 'enum' && Array.isArray(allowedValues)) {
    return allowedValues.length <= 10
      ? `must be one of ${allowedValues.join(', ')}`
      : 'is not one of the known values';
  }
  if (fault.params['pattern'] === idempotencyKeyPattern) return idempotencyKeyForm;
  return fault.message ?? 'is not valid';
}

/** RFC 6901, section 3. */
function escapePointer(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1');
}
