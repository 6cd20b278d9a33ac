import { randomBytes } from 'node:crypto';

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

export const newTraceId = () => hex(16);
export const newSpanId = () => hex(8);

/** The header of a caller that has a trace of its own. */
export const newTraceparent = (flags = '01') => `00-${newTraceId()}-${newSpanId()}-${flags}`;

/** The trace that an answer names; empty if it names none. */
export const traceIdOf = (headers: Headers) => headers.get('traceparent')?.split('-')[1] ?? '';

/** `01` if that trace is sampled, for example. */
export const flagsOf = (headers: Headers) => headers.get('traceparent')?.split('-')[3] ?? '';
