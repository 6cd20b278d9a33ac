-- Up Migration

-- Newest first goes by the database's clock: the clocks of the replicas, which make the ids, may differ. Ids only order the
-- rows of one moment. Built online, so that the table takes orders meanwhile.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_client_time ON orders (client_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_client_status_time ON orders (client_id, status, created_at, id);
-- The status at the end lets a filter by status use the index alone, without reading the rows.
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_by_client_customer_time
  ON orders (client_id, customer_id, created_at, id, status);

-- Down Migration

DROP INDEX CONCURRENTLY IF EXISTS orders_by_client_customer_time;
DROP INDEX CONCURRENTLY IF EXISTS orders_by_client_status_time;
DROP INDEX CONCURRENTLY IF EXISTS orders_by_client_time;
