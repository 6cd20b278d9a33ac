-- Up Migration

-- Whether its client has asked to cancel it: whoever takes the order from then on cancels it and never charges it. A
-- cancellation may reach the gateway long after its holder gave up, and would refund a charge made meanwhile.
ALTER TABLE orders ADD COLUMN cancelling boolean NOT NULL DEFAULT false;

-- Down Migration

ALTER TABLE orders DROP COLUMN cancelling;
