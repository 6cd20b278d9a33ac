use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::currencies::CURRENCIES;

/// The body of a request. Its bounds are those of `src/orders/api/order-schema.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRequest {
    pub customer_id: String,
    pub currency: String,
    pub items: Vec<Item>,
    pub payment_token: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    pub sku: String,
    pub quantity: u32,
    /// In minor units of the order's currency.
    pub unit_price_minor: u32,
}

impl OrderRequest {
    /// Returns the JSON pointer and the fault of the first value that is out of bounds.
    pub fn check(&self) -> Result<(), (String, &'static str)> {
        if !is_name(&self.customer_id, 64) {
            return Err(("/customerId".into(), "must be 1 to 64 letters, digits, '.', '_' or '-'"));
        }
        if CURRENCIES.binary_search(&self.currency.as_str()).is_err() {
            return Err(("/currency".into(), "is not one of the known values"));
        }
        if !(1..=100).contains(&self.items.len()) {
            return Err(("/items".into(), "must have 1 to 100 items"));
        }
        for (index, item) in self.items.iter().enumerate() {
            if !is_name(&item.sku, 64) {
                return Err((format!("/items/{index}/sku"), "must be 1 to 64 letters, digits, '.', '_' or '-'"));
            }
            if !(1..=10_000).contains(&item.quantity) {
                return Err((format!("/items/{index}/quantity"), "must be from 1 to 10000"));
            }
            if item.unit_price_minor > 100_000_000 {
                return Err((format!("/items/{index}/unitPriceMinor"), "must be at most 100000000"));
            }
        }
        if !is_name(&self.payment_token, 128) {
            return Err(("/paymentToken".into(), "must be 1 to 128 letters, digits, '.', '_' or '-'"));
        }
        Ok(())
    }

    /// At most 10^14, so it cannot overflow.
    pub fn total_minor(&self) -> i64 {
        self.items.iter().map(|item| i64::from(item.quantity) * i64::from(item.unit_price_minor)).sum()
    }

    /// The digest that the TypeScript service stores for the same request.
    pub fn hash(&self) -> serde_json::Result<[u8; 32]> {
        let lines: Vec<_> = self.items.iter().map(|item| (&item.sku, item.quantity, item.unit_price_minor)).collect();
        let text = serde_json::to_vec(&(&self.customer_id, &self.currency, &self.payment_token, lines))?;
        Ok(Sha256::digest(text).into())
    }
}

fn is_name(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The body of the answer to a paid order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderBody<'a> {
    pub id: Uuid,
    pub status: &'static str,
    pub customer_id: &'a str,
    pub currency: &'a str,
    pub items: &'a [Item],
    pub total_minor: i64,
    pub payment_id: &'a str,
    #[serde(serialize_with = "to_milliseconds")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "to_milliseconds")]
    pub updated_at: DateTime<Utc>,
}

/// In the form of JavaScript's `toISOString`.
fn to_milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
