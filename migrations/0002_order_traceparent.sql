-- Up Migration

-- The trace that placed the order, as a W3C traceparent: settling it later links back to it.
ALTER TABLE orders ADD COLUMN traceparent text;

-- Down Migration

ALTER TABLE orders DROP COLUMN traceparent;
