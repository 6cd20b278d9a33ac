-- Up Migration

-- The trace in which the order was placed, as a W3C traceparent: a later settlement links back to it.
ALTER TABLE orders ADD COLUMN traceparent text;

-- Down Migration

ALTER TABLE orders DROP COLUMN traceparent;
