-- Up Migration

CREATE TABLE orders (
  id              uuid        PRIMARY KEY,
  client_id       text        NOT NULL,
  idempotency_key text,
  -- SHA-256 of the request: distinguishes a repeat from another request under the same key.
  request_hash    bytea       NOT NULL,
  customer_id     text        NOT NULL,
  currency        text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Items never change and are never read without their order.
  items           jsonb       NOT NULL,
  -- At most 2^53 - 1, the largest integer that a JSON number carries exactly.
  total_minor     bigint      NOT NULL CHECK (total_minor BETWEEN 0 AND 9007199254740991),
  status          text        NOT NULL,
  -- Needed to repeat the charge; deleted as soon as the order is settled.
  payment_token   text,
  payment_id      text,
  decline_code    text,
  -- Fencing token: every lease adds one, and its holder can write only while this is still its number.
  round           integer     NOT NULL DEFAULT 1,
  -- Whether the order is under lease, until due_at at most: in round 1 to the request that placed it, then to a worker
  -- or a cancellation.
  held            boolean     NOT NULL DEFAULT true,
  -- When a settlement worker may take the order; null once it is settled.
  due_at          timestamptz,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,

  CONSTRAINT orders_state CHECK (
    (status = 'pending') = (payment_token IS NOT NULL) AND
    (status = 'pending') = (due_at IS NOT NULL) AND
    (status = 'paid') = (payment_id IS NOT NULL) AND
    (status = 'declined') = (decline_code IS NOT NULL) AND
    status IN ('pending', 'paid', 'declined', 'cancelled')
  )
);

CREATE UNIQUE INDEX orders_idempotency ON orders (client_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Ids are UUIDv7 and so in order of creation: an index that ends in the id lists newest first without a sort.
CREATE INDEX orders_by_client ON orders (client_id, id);
CREATE INDEX orders_by_client_status ON orders (client_id, status, id);
-- The status at the end lets a filter by status use the index alone, without reading the rows.
CREATE INDEX orders_by_client_customer ON orders (client_id, customer_id, id, status);

-- Contains only the backlog, with every column that its queries need. The condition is on due_at and not on the status:
-- a guarded UPDATE names the status, and the planner would then read the whole backlog instead of the primary key.
CREATE INDEX orders_due ON orders (due_at) INCLUDE (created_at, round, held) WHERE due_at IS NOT NULL;

-- Down Migration

DROP TABLE orders;
