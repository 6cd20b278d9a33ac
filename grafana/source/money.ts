import { currencies, minorUnitDecimals } from '../../src/orders/currency.ts';
import { sumBy } from './promql.ts';

/** Currencies whose minor unit is not a hundredth, as matchers. */
const withoutMinorUnit = currenciesWith(0);
const withThousandths = currenciesWith(3);

/**
 * Amounts in whole units, by currency, because a sum over currencies would be meaningless.
 *
 * @param minor the amounts in minor units, for the currencies that the matcher selects
 */
export function inWholeUnits(minor: (matcher: string) => string): string {
  const by = (matcher: string) => sumBy('currency', minor(matcher));
  return [
    `${by(`currency!~"${withoutMinorUnit}|${withThousandths}"`)} / 100`,
    by(`currency=~"${withoutMinorUnit}"`),
    `${by(`currency=~"${withThousandths}"`)} / 1000`,
  ].join(' or ');
}

function currenciesWith(decimals: number): string {
  return currencies.filter((code) => minorUnitDecimals(code) === decimals).join('|');
}
