import { faultsView } from './faults.ts';
import type { Live } from './live.ts';
import { orderView } from './order.ts';
import { ordersView } from './orders.ts';
import { toursView } from './tours.ts';
import type { CreateView } from './view.ts';

/** The views that know orders, and the faults of what the service depends on. */
export function domainViews(live: Live): Readonly<Record<string, CreateView>> {
  return {
    orders: (address, page) => (address.id === '' ? ordersView : orderView)(address, page),
    faults: faultsView(live),
    tours: toursView(live),
  };
}
