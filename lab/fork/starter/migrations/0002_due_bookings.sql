-- Up Migration

-- When a worker may take a pending booking. The default is the lease of the request that creates it.
ALTER TABLE bookings ADD COLUMN due_at timestamptz NOT NULL DEFAULT now() + interval '5 s';

CREATE INDEX bookings_due ON bookings (due_at) WHERE status = 'pending';

-- Down Migration

DROP INDEX bookings_due;
ALTER TABLE bookings DROP COLUMN due_at;
