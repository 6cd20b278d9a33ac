import { type Edit, remove, replace } from '../edits.ts';

/** What the files that stay lose with the worker: a resource that is left pending is then finished by a repeat of its request. */
export const withoutWorker: Readonly<Record<string, readonly Edit[]>> = {
  'src/bookings/domain.ts': [
    remove(/^import \{ (?:leaseDueBookings|observeSettlement|createSettlementWorker|workerLease) \}.*\n/gm),
    remove(/^ *\/\/ The worker settles[^]*?worker\.stop\(\)\);\n\n/gm),
    remove(/^ *start: worker\.start,\n/gm),
  ],
  'src/config/domain-config.ts': [
    remove(/^import [^;]*settlement-config.*\n/gm),
    remove(/^ *settlement: SettlementConfig;\n/gm),
    remove(', settlement: settlementConfig(value)'),
    remove(', and how it settles what a call left open'),
    remove(', ...settlementVariables'),
    replace(
      '[...upstreamContradictions(value), ...settlementContradictions(value)]',
      'upstreamContradictions(value)',
    ),
  ],
  'README.md': [
    replace(
      /What a request leaves pending, a worker settles .*/g,
      'What a request leaves pending, a repeat of it with the same `Idempotency-Key` finishes.',
    ),
  ],
  'docs/recipes.md': [
    remove(/(?<=\.\.\.upstreamVariables), \.\.\.settlementVariables(?= \})/g),
    remove(/^\+ {2}\.\.\.settlementVariables,\n/gm),
    remove(', settlement: settlementConfig(value)'),
    remove(/^\+ +settlement: settlementConfig.*\n/gm),
    replace(' ...settlementVariables,', ' ...upstreamVariables,'),
  ],
  'docs/runbooks/errors-logged.md': [remove(/, `settlement\.failed` an error[^]*?(?=\.\n)/g)],
  'src/bookings/booking-routes.ts': [
    replace(
      'Stored as pending, and decided without a repeat.',
      'Stored as pending. Repeat the request with the same key.',
    ),
  ],
};
