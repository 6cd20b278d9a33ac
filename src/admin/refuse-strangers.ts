import type { FastifyInstance } from 'fastify';
import { addressesAnd, strangerIn } from '../http/hardening/known-hosts.ts';
import { sendProblem } from '../http/problem-details.ts';
import { adminProblems } from './admin-problems.ts';

/** @param allowedHosts names under which the listener answers, besides IP addresses and `localhost` */
export function refuseStrangers(app: FastifyInstance, allowedHosts: readonly string[]): void {
  const isKnown = addressesAnd(allowedHosts);
  app.addHook('onRequest', ({ headers }, reply, done) => {
    const stranger = strangerIn(headers, isKnown);
    if (stranger === undefined) done();
    else sendProblem(reply, adminProblems[stranger], details[stranger]);
  });
}

const details = {
  wrong_host:
    'The admin listener answers under IP addresses, localhost and the names in ADMIN_ALLOWED_HOSTS. Add this one if it is yours.',
  wrong_origin: 'Pages of other sites have no access to the admin listener.',
};
