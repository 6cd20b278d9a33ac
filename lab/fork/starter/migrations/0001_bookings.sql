-- Up Migration

CREATE TABLE bookings (
  id               uuid        PRIMARY KEY,
  client_id        text        NOT NULL,
  idempotency_key  text,
  -- SHA-256 of the request: distinguishes a repeat from another request under the same key.
  request_hash     bytea       NOT NULL,
  reference        text        NOT NULL,
  quantity         integer     NOT NULL CHECK (quantity > 0),
  status           text        NOT NULL,
  confirmation_id  text,
  rejection_reason text,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,

  CONSTRAINT bookings_state CHECK (
    (status = 'confirmed') = (confirmation_id IS NOT NULL) AND
    (status = 'rejected') = (rejection_reason IS NOT NULL) AND
    status IN ('pending', 'confirmed', 'rejected')
  )
);

CREATE UNIQUE INDEX bookings_idempotency ON bookings (client_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Ids are UUIDv7 and so in the sequence of creation: this index lists newest first without a sort.
CREATE INDEX bookings_by_client ON bookings (client_id, id);

-- Down Migration

DROP TABLE bookings;
