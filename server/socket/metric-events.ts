import type { RangeAnswer } from '../../shared/protocol.js';
import { type RangeRequest, rangeSchema } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import { type EventHandlers, handler } from './event-handler.js';

/** What the events ask of the metric rooms. @throws HubError */
export interface MetricCalls {
  range(principal: Principal, request: RangeRequest): Promise<RangeAnswer>;
}

export function addMetricEvents(handlers: EventHandlers, metrics: MetricCalls): void {
  handlers.set(
    'range',
    handler(rangeSchema, ({ data, principal }) => metrics.range(principal, data)),
  );
}
