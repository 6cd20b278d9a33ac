/** The statements that a holder of an order writes with, and how each loses what keeps two holders apart. */
export const mutants = [
  { statement: 'settle_order', lost: 'its token', from: 'AND round = $2', to: 'AND $2::int IS NOT NULL' },
  { statement: 'release_order', lost: 'its token', from: 'AND round = $2', to: 'AND $2::int IS NOT NULL' },
  { statement: 'record_outcomes', lost: 'its token', from: 'AND leased.round = outcome.round', to: '' },
  { statement: 'take_order', lost: 'the wish to cancel', from: ', cancelling = true', to: '' },
] as const;

export type Mutant = (typeof mutants)[number]['statement'];
