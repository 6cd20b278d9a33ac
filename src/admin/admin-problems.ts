import { defineProblems } from '../http/problem-details.ts';

/** The problems that only the admin listener responds with. The OpenAPI document, which is for clients, leaves them out. */
export const adminProblems = defineProblems({
  wrong_host: {
    status: 403,
    title: 'Unknown host',
    advice: 'use an IP address, `localhost`, or a name in `ADMIN_ALLOWED_HOSTS`',
  },
  wrong_origin: {
    status: 403,
    title: 'Request from another site',
    advice: 'send the request from a program, or from a page of this listener',
  },
  profiling_disabled: {
    status: 403,
    title: 'Profiling disabled',
    advice: 'set `PROFILING=on` and restart the service',
  },
  profile_in_progress: { status: 409, title: 'Profile in progress', advice: 'try again after `retry-after`' },
});
