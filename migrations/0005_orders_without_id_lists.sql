-- Up Migration

-- Lists by id are replaced by those of 0004. In one release, because no earlier one reads these: otherwise, a column or an
-- index goes in the release after the last that reads it. Every order would maintain all six, twice.
DROP INDEX CONCURRENTLY IF EXISTS orders_by_client;
DROP INDEX CONCURRENTLY IF EXISTS orders_by_client_status;
DROP INDEX CONCURRENTLY IF EXISTS orders_by_client_customer;

-- Down Migration

CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_client ON orders (client_id, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_client_status ON orders (client_id, status, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_client_customer ON orders (client_id, customer_id, id, status);
