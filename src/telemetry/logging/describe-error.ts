import { scrub } from '../../privacy/scrub.ts';

export interface ErrorDescription {
  type: string;
  code?: string;
  message: string;
  stack?: string;
  cause?: ErrorDescription;
}

/** Deep enough for every chain that the service builds; a cycle cannot make a line endless. */
const longestCauseChain = 8;
/** In characters. A message that is longer is a quotation. */
const longestMessage = 500;

/**
 * An error with its chain of causes, as log fields. Extra properties are left out, because they may hold anything:
 * Postgres puts whole rows into `detail`. So are parts of the message that quote what somebody sent.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: presentable(String(error)) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = presentable(quotesInput(error, code) ? withoutQuotations(error.message) : error.message);
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message,
    ...(error.stack === undefined || depth > 0
      ? {}
      : { stack: `${error.name}: ${message}\n${framesOf(error.stack)}` }),
    ...(error.cause === undefined || depth >= longestCauseChain
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}

/** `Unexpected token 'h', "hello" is not valid JSON`, and class 22: `invalid input syntax for type uuid: "hello"`. */
function quotesInput(error: Error, code: string | undefined): boolean {
  return (error instanceof SyntaxError && error.message.includes('JSON')) || /^22\w{3}$/.test(code ?? '');
}

/** From the first quotation mark to the last: the quoted text may hold some of its own. */
function withoutQuotations(message: string): string {
  return message.replace(/["'].*["']/s, '…');
}

function presentable(text: string): string {
  // Scrubbed before it is cut: half a card number would not be known for one.
  const clean = scrub(text.slice(0, 2 * longestMessage));
  return clean.length > longestMessage ? `${clean.slice(0, longestMessage)}…` : clean;
}

/** Without the first lines of the stack, which repeat the message as it was. */
function framesOf(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  return scrub(frames.join('\n'));
}
