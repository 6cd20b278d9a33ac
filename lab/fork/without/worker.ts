import { type Edit, remove, replace } from '../edits.ts';

/** What the files that stay lose with the worker: a resource that is left pending is then finished by a repeat of its request. */
export const withoutWorker: Readonly<Record<string, readonly Edit[]>> = {
  'src/domain.ts': [
    remove(/^import \{ (?:leaseDueBookings|createSettlementWorker|workerLease) \}.*\n/gm),
    remove(/^ *\/\/ The worker settles[^]*?worker\.stop\(\)\);\n\n/gm),
    remove(/^ *start: worker\.start,\n/gm),
  ],
  'src/config/domain-config.ts': [
    remove(/^import .*settlement-config.*\n/gm),
    remove(/^ *settlement: SettlementConfig;\n/gm),
    remove(', settlement: settlementConfig(value)'),
  ],
  'src/config/domain-variables.ts': [
    remove(/^import .*settlement-config.*\n/gm),
    remove(', and how it settles what a call left open'),
    remove(', ...settlementVariables'),
  ],
  'src/telemetry/observers/domain.ts': [
    remove(/^import \{ observeSettlement \}.*\n/gm),
    remove(/^ *settlement: observeSettlement.*\n/gm),
  ],
  'README.md': [
    replace(
      /What a request leaves pending, a worker settles .*/g,
      'What a request leaves pending, a repeat of it with the same `Idempotency-Key` finishes.',
    ),
  ],
  'docs/recipes.md': [
    replace('...upstreamVariables, ...settlementVariables }', '...upstreamVariables }'),
    remove(/^\+ {2}\.\.\.settlementVariables,\n/gm),
    replace('settlementVariables }', 'upstreamVariables }'),
    replace('/settlement-config', '/upstream-config'),
    remove(', settlement: settlementConfig(value)'),
    remove(/^\+ +settlement: settlementConfig.*\n/gm),
    replace(' ...settlementVariables,', ' ...upstreamVariables,'),
  ],
  'src/bookings/booking-routes.ts': [
    replace(
      'The booking is stored as pending, and will be decided without another request.',
      'The booking is stored as pending. Repeat the request with the same key.',
    ),
  ],
};
