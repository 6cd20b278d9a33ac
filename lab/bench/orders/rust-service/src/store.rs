use std::str::FromStr;

use chrono::{DateTime, Utc};
use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod};
use tokio_postgres::NoTls;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::gateway::Settlement;
use crate::order::Item;

/// As many as the TypeScript service opens by default.
const CONNECTIONS: usize = 10;

/// Seconds after which another process would take over a pending order.
const LEASE: f64 = 10.0;

const INSERT: &str = "
    INSERT INTO orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor,
      status, payment_token, due_at, created_at, updated_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, now() + $10 * interval '1 s', now(), now(), $11)
    ON CONFLICT DO NOTHING
    RETURNING created_at";

const SETTLE: &str = "
    UPDATE orders
    SET status = $2, payment_id = $3, decline_code = $4, payment_token = NULL, due_at = NULL, held = false,
      updated_at = now()
    WHERE id = $1 AND status = 'pending'
    RETURNING updated_at";

pub struct Store {
    pool: Pool,
}

/// An order that is about to be stored.
pub struct NewOrder<'a> {
    pub id: Uuid,
    pub client: &'a str,
    pub idempotency_key: Option<&'a str>,
    pub request_hash: [u8; 32],
    pub customer_id: &'a str,
    pub currency: &'a str,
    pub items: &'a [Item],
    pub total_minor: i64,
    pub payment_token: &'a str,
    pub traceparent: Option<String>,
}

impl Store {
    pub fn new(url: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let config = tokio_postgres::Config::from_str(url)?;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager).max_size(CONNECTIONS).build()?;
        Ok(Self { pool })
    }

    /// Returns the time of creation, or `None` if the client's idempotency key is in use.
    pub async fn insert(&self, order: &NewOrder<'_>) -> Result<Option<DateTime<Utc>>, PoolError> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(INSERT).await?;
        let row = client
            .query_opt(
                &statement,
                &[
                    &order.id,
                    &order.client,
                    &order.idempotency_key,
                    &order.request_hash.as_slice(),
                    &order.customer_id,
                    &order.currency,
                    &Json(order.items),
                    &order.total_minor,
                    &order.payment_token,
                    &LEASE,
                    &order.traceparent,
                ],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Returns the time of the change.
    pub async fn settle(&self, id: Uuid, settlement: &Settlement) -> Result<DateTime<Utc>, PoolError> {
        let (status, payment_id, decline_code) = match settlement {
            Settlement::Paid { payment_id } => ("paid", Some(payment_id), None),
            Settlement::Declined { decline_code } => ("declined", None, Some(decline_code)),
        };
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(SETTLE).await?;
        let row = client.query_one(&statement, &[&id, &status, &payment_id, &decline_code]).await?;
        Ok(row.get(0))
    }
}
