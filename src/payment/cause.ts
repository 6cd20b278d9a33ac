/**
 * What may be to blame when the gateway does not answer for an order: its card, or its client. Written as one text, so that
 * a circuit breaker can count it.
 */
export type CauseScope = 'card' | 'client';

export function cause(scope: CauseScope, value: string): string {
  return `${scope}:${value}`;
}

export function parseCause(text: string): { scope: CauseScope; value: string } {
  const at = text.indexOf(':');
  return { scope: text.slice(0, at) === 'client' ? 'client' : 'card', value: text.slice(at + 1) };
}
