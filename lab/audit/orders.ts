import type { PlacedOrder } from './good-client.ts';

const tokens = [
  'tok_visa',
  'tok_visa',
  'tok_visa',
  'tok_mastercard',
  'tok_declined',
  'tok_insufficient_funds',
] as const;
const currencies = ['EUR', 'USD', 'JPY'] as const;

/** Draws a random order. The amounts differ, so that charges cannot be confused. */
export function drawOrder(random: () => number): PlacedOrder {
  const pick = <T>(choices: readonly T[], otherwise: T) =>
    choices[Math.floor(random() * choices.length)] ?? otherwise;
  return {
    customerId: `cus_${Math.floor(random() * 1000)}`,
    currency: pick(currencies, 'EUR'),
    items: Array.from({ length: 1 + Math.floor(random() * 3) }, (_, line) => ({
      sku: `SKU-${line}`,
      quantity: 1 + Math.floor(random() * 9),
      unitPriceMinor: Math.floor(random() * 100_000),
    })),
    paymentToken: pick(tokens, 'tok_visa'),
  };
}
