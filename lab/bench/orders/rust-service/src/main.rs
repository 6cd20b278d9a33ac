//! The order endpoint of the benchmark's Rust subject. README.md says what it does and what it leaves out.

mod announcement;
mod api;
mod config;
mod currencies;
mod gateway;
mod order;
mod problem;
mod store;
mod telemetry;

use std::error::Error;
use std::sync::Arc;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    let telemetry = telemetry::start(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serve(&config, telemetry.metrics.clone()));
    drop(runtime);
    telemetry.shut_down();
    served
}

async fn serve(config: &Config, metrics: telemetry::Metrics) -> Result<(), Box<dyn Error>> {
    let state = Arc::new(api::State {
        api_keys: config.api_keys.clone(),
        store: store::Store::new(&config.database_url)?,
        gateway: gateway::Gateway::new(&config.gateway_url)?,
    });
    tokio::spawn(metrics.clone().keep_up());

    let listener = TcpListener::bind((config.host.as_str(), config.port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tracing::info!(url, "listening");
    let parent_gone = announcement::announce(&url)?;

    // Without it, the kernel holds back a small answer until the client has acknowledged the one before.
    let listener = listener.tap_io(|connection| _ = connection.set_nodelay(true));
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    axum::serve(listener, api::routes(state, metrics))
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted.recv() => {}
                () = parent_gone => {}
            }
        })
        .await?;
    Ok(())
}
