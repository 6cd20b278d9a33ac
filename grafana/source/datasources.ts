import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** By the variables at the top of each dashboard, so that they work whatever the data sources are called. */
export const metrics: DataSourceRef = { type: 'prometheus', uid: '${metrics}' };
export const logs: DataSourceRef = { type: 'loki', uid: '${logs}' };
export const traces: DataSourceRef = { type: 'jaeger', uid: '${traces}' };
