import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { PropagationConfig } from '../../config/telemetry-config.ts';
import { observeOutgoingRequests } from '../observers/outgoing-http.ts';
import { createBoundary } from '../tracing/boundary.ts';

/**
 * For OTEL_SDK_DISABLED: passes the trace of a caller on to the called side, and starts none. A service that records nothing
 * would otherwise cut the traces of those that do.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 */
export function propagateOnly(config: PropagationConfig): undefined {
  if (config.formats.length === 0) return;
  const boundary = createBoundary(config);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(boundary.propagator);
  observeOutgoingRequests(boundary);
}
