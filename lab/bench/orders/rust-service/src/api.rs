use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde_json::json;
use sha2::{Digest, Sha256};
use tracing::Span;
use uuid::Uuid;

use crate::config::ApiKey;
use crate::gateway::{Charge, Gateway, Settlement};
use crate::order::{OrderBody, OrderRequest};
use crate::problem::Problem;
use crate::store::{NewOrder, Store};
use crate::telemetry::{self, Metrics, RequestId};

pub struct State {
    pub api_keys: Vec<ApiKey>,
    pub store: Store,
    pub gateway: Gateway,
}

pub fn routes(state: Arc<State>, metrics: Metrics) -> Router {
    Router::new()
        .route("/orders", post(place_order))
        .route_layer(middleware::from_fn(telemetry::observe))
        .with_state(state)
        .route("/metrics", get(move || async move { metrics.render() }))
}

async fn place_order(
    Shared(state): Shared<Arc<State>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Response, Problem> {
    let client = authenticate(&state.api_keys, &headers)?;
    let Json(request) = body.map_err(unreadable)?;
    request.check().map_err(|(pointer, fault)| invalid("body", &pointer, fault))?;
    let idempotency_key = idempotency_key(&headers)?;

    let order = NewOrder {
        id: Uuid::now_v7(),
        client,
        idempotency_key,
        request_hash: request.hash().map_err(unexpected)?,
        customer_id: &request.customer_id,
        currency: &request.currency,
        items: &request.items,
        total_minor: request.total_minor(),
        payment_token: &request.payment_token,
        traceparent: telemetry::traceparent(),
    };
    Span::current().record("order_id", tracing::field::display(order.id)).record("client_id", client);
    let created_at = telemetry::timed("insert_order", state.store.insert(&order))
        .await
        .map_err(unexpected)?
        .ok_or_else(key_in_use)?;

    let charge = Charge {
        amount_minor: order.total_minor,
        currency: order.currency,
        payment_token: order.payment_token,
        reference: order.id,
    };
    let charged = state.gateway.charge(&charge, &request_id, order.traceparent.as_deref());
    let settlement = telemetry::timed("charge", charged).await.map_err(outcome_unknown)?;
    let updated_at =
        telemetry::timed("settle_order", state.store.settle(order.id, &settlement)).await.map_err(unexpected)?;

    match settlement {
        Settlement::Paid { payment_id } => {
            metrics::counter!("orders_settled_total", "status" => "paid").increment(1);
            let body = OrderBody {
                id: order.id,
                status: "paid",
                customer_id: order.customer_id,
                currency: order.currency,
                items: order.items,
                total_minor: order.total_minor,
                payment_id: &payment_id,
                created_at,
                updated_at,
            };
            let location = [(header::LOCATION, format!("/orders/{}", order.id))];
            Ok((StatusCode::CREATED, location, Json(body)).into_response())
        }
        Settlement::Declined { decline_code } => {
            metrics::counter!("orders_settled_total", "status" => "declined").increment(1);
            Err(Problem {
                members: json!({ "orderId": order.id, "declineCode": decline_code }),
                ..Problem::new(
                    StatusCode::PAYMENT_REQUIRED,
                    "payment_declined",
                    "Payment declined",
                    "The order is stored as declined. Place a new one with another card.",
                )
            })
        }
    }
}

/// Returns the client that owns the key. Compares digests, so that the time taken reveals nothing about a key.
fn authenticate<'a>(api_keys: &'a [ApiKey], headers: &HeaderMap) -> Result<&'a str, Problem> {
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| unauthenticated("Send the header `Authorization: Bearer <API key>`."))?;
    let digest = Sha256::digest(sent.trim_start());
    api_keys
        .iter()
        .find(|known| known.digest == digest[..])
        .map(|known| known.client.as_str())
        .ok_or_else(|| unauthenticated("The API key is unknown. Send a valid one."))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(key)),
        _ => Err(invalid("header", "/idempotency-key", "must be 1 to 255 visible ASCII characters")),
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required", detail)
}

fn invalid(place: &str, pointer: &str, fault: &str) -> Problem {
    Problem {
        members: json!({ "errors": [{ "in": place, "pointer": pointer, "detail": fault }] }),
        ..Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Invalid request",
            "The request is invalid. See `errors` for what to change.",
        )
    }
}

fn unreadable(rejection: JsonRejection) -> Problem {
    match rejection {
        JsonRejection::JsonDataError(error) => invalid("body", "", &error.body_text()),
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
            "Send the header `content-type: application/json`.",
        ),
        other => Problem::new(other.status(), "malformed_request", "Malformed request", other.body_text()),
    }
}

fn key_in_use() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "idempotency_in_progress",
        "Request with this idempotency key in progress",
        "The key belongs to another request.",
    )
}

/// The order stays pending; nothing here settles it later.
fn outcome_unknown(error: impl std::fmt::Display) -> Problem {
    tracing::warn!(%error, "charge has no outcome");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "payment_gateway_unavailable",
        "Payment gateway unavailable",
        "The order is stored as pending.",
    )
}

fn unexpected(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "request failed");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "Internal server error",
        "The service failed unexpectedly.",
    )
}
