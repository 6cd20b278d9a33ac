-- Up Migration

-- What earlier rounds have shown of a pending order:
--   refusals      rounds in which the gateway refused the charge
--   refusal_code  the gateway's last reason for that; it stays when the order is settled as refused
--   unanswered    rounds in a row in which the gateway did not answer in time
--
-- The constraint is NOT VALID so that no scan holds the lock of the table. It binds every write from now on, and every
-- row so far satisfies it, because it satisfied the narrower one.
ALTER TABLE orders
  ADD COLUMN refusals integer NOT NULL DEFAULT 0,
  ADD COLUMN refusal_code text,
  ADD COLUMN unanswered integer NOT NULL DEFAULT 0,
  DROP CONSTRAINT orders_state,
  ADD CONSTRAINT orders_state CHECK (
    (status = 'pending') = (payment_token IS NOT NULL) AND
    (status = 'pending') = (due_at IS NOT NULL) AND
    (status = 'paid') = (payment_id IS NOT NULL) AND
    (status = 'declined') = (decline_code IS NOT NULL) AND
    (status <> 'refused' OR refusal_code IS NOT NULL) AND
    status IN ('pending', 'paid', 'declined', 'refused', 'cancelled')
  ) NOT VALID;

-- Down Migration

-- The earlier version knows no refused orders. Nothing was or will be charged for one, as for a cancelled one.
UPDATE orders SET status = 'cancelled' WHERE status = 'refused';

ALTER TABLE orders
  DROP CONSTRAINT orders_state,
  DROP COLUMN refusals,
  DROP COLUMN refusal_code,
  DROP COLUMN unanswered,
  ADD CONSTRAINT orders_state CHECK (
    (status = 'pending') = (payment_token IS NOT NULL) AND
    (status = 'pending') = (due_at IS NOT NULL) AND
    (status = 'paid') = (payment_id IS NOT NULL) AND
    (status = 'declined') = (decline_code IS NOT NULL) AND
    status IN ('pending', 'paid', 'declined', 'cancelled')
  ) NOT VALID;
