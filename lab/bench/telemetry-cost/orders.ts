/** Orders that differ as those of a shop do: equal ones would compress better than any real ones. */

const customers = 5000;
const articles = 300;

export function nextOrder(): string {
  const items = Array.from({ length: 1 + below(5) }, () => ({
    sku: `SKU-${below(articles).toString().padStart(4, '0')}`,
    quantity: 1 + below(3),
    unitPriceMinor: 100 + below(20_000),
  }));
  return JSON.stringify({
    customerId: `cus_${below(customers)}`,
    currency: 'EUR',
    items,
    paymentToken: 'tok_visa',
  });
}

const below = (limit: number): number => Math.floor(Math.random() * limit);
