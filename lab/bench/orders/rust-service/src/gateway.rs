use std::fmt;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Idle connections to keep: as many as the TypeScript service opens by default.
const CONNECTIONS: usize = 64;

const TIME_LIMIT: Duration = Duration::from_secs(2);

pub struct Gateway {
    client: Client,
    charges: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge<'a> {
    pub amount_minor: i64,
    pub currency: &'a str,
    pub payment_token: &'a str,
    pub reference: Uuid,
}

pub enum Settlement {
    Paid { payment_id: String },
    Declined { decline_code: String },
}

/// The outcome of the charge is unknown.
#[derive(Debug)]
pub enum ChargeError {
    Http(reqwest::Error),
    /// The status code of an answer that is not documented.
    Unexpected(StatusCode),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Succeeded {
    id: String,
    status: String,
    amount_minor: i64,
    currency: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Declined {
    decline_code: String,
}

impl Gateway {
    pub fn new(url: &str) -> reqwest::Result<Self> {
        let client = Client::builder().pool_max_idle_per_host(CONNECTIONS).timeout(TIME_LIMIT).no_proxy().build()?;
        Ok(Self { client, charges: format!("{url}/charges") })
    }

    /// Makes one attempt. The idempotency key is the order's id, which is also the reference of the charge.
    pub async fn charge(
        &self,
        charge: &Charge<'_>,
        request_id: &str,
        traceparent: Option<&str>,
    ) -> Result<Settlement, ChargeError> {
        let mut request = self
            .client
            .post(&self.charges)
            .header("idempotency-key", charge.reference.to_string())
            .header("x-request-id", request_id)
            .json(charge);
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        let response = request.send().await?;
        match response.status() {
            status @ (StatusCode::OK | StatusCode::CREATED) => {
                let answer: Succeeded = response.json().await?;
                // A charge of another amount is not the requested one.
                let matches = answer.status == "succeeded"
                    && answer.amount_minor == charge.amount_minor
                    && answer.currency == charge.currency;
                if matches {
                    Ok(Settlement::Paid { payment_id: answer.id })
                } else {
                    Err(ChargeError::Unexpected(status))
                }
            }
            StatusCode::PAYMENT_REQUIRED => {
                let Declined { decline_code } = response.json().await?;
                Ok(Settlement::Declined { decline_code })
            }
            status => Err(ChargeError::Unexpected(status)),
        }
    }
}

impl From<reqwest::Error> for ChargeError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

impl fmt::Display for ChargeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(formatter),
            Self::Unexpected(status) => write!(formatter, "gateway answered {status}"),
        }
    }
}
