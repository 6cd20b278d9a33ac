import { Agent } from 'undici';

/**
 * For requests to programs that the user names, which may be behind TLS. Over HTTP/2, undici's default there, requests that
 * are cut off would leave a silent connection in use, and no later one would get an answer.
 */
export const overHttp1 = new Agent({ allowH2: false });
