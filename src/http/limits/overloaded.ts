import { problemPath, problems } from '../problem-details.ts';

/** The parts of the answer to a shed request, which under overload is the most frequent one. */

const { title, code } = problems.overloaded;
export const { status } = problems.overloaded;

/** The body before and after the request id. The end of the object is missing, so that a trace id can follow. */
export const [beforeRequestId = '', afterRequestId = ''] = JSON.stringify({
  type: problemPath(code),
  title,
  status,
  detail: 'Nothing was done. Repeat the request unchanged after `retry-after` seconds.',
  code,
  requestId: '?',
})
  .slice(0, -1)
  .split('?');

/** The body of a request that has no trace. A request id has a form that needs no JSON escapes. */
export function bodyWith(requestId: string): string {
  return `${beforeRequestId}${requestId}${afterRequestId}}`;
}

/** Bounds of `Retry-After`, in seconds. It is random, so that clients refused together do not return together. */
export const shortestWait = 1;
const longestWait = 5;

export function retryAfter(): number {
  return shortestWait + Math.floor(Math.random() * (longestWait - shortestWait + 1));
}
