import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** References to the variables at the top of each dashboard, so that the data sources can have any name. */
export const metrics: DataSourceRef = { type: 'prometheus', uid: '${metrics}' };
export const logs: DataSourceRef = { type: 'loki', uid: '${logs}' };
export const traces: DataSourceRef = { type: 'jaeger', uid: '${traces}' };
