import { scrub } from '../../privacy/scrub.ts';

export interface ErrorDescription {
  type: string;
  code?: string;
  message: string;
  stack?: string;
  cause?: ErrorDescription;
}

/** Longer than any chain that the service builds. The bound ends a cycle of causes. */
const longestCauseChain = 8;
/** Characters. A longer message quotes its input. */
const longestMessage = 500;

/**
 * Turns an error and its chain of causes into log fields. It drops extra properties, because they may hold anything
 * (Postgres puts whole rows into `detail`), and the parts of the message that quote input.
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

/** `Unexpected token 'h', "hello" is not valid JSON`; SQLSTATE 22xxx: `invalid input syntax for type uuid: "hello"`. */
function quotesInput(error: Error, code: string | undefined): boolean {
  return (error instanceof SyntaxError && error.message.includes('JSON')) || /^22\w{3}$/.test(code ?? '');
}

/** Cuts from the first quotation mark to the last, because the quoted text may contain some. */
function withoutQuotations(message: string): string {
  return message.replace(/["'].*["']/s, '…');
}

function presentable(text: string): string {
  // Scrubs before it cuts: half a card number would not match.
  const clean = scrub(text.slice(0, 2 * longestMessage));
  return clean.length > longestMessage ? `${clean.slice(0, longestMessage)}…` : clean;
}

/** Only the frames: the first lines of a stack repeat the unscrubbed message. */
function framesOf(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  return scrub(frames.join('\n'));
}
