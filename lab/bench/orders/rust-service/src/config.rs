use std::env;

use sha2::{Digest, Sha256};

/// The variables of the TypeScript service that this one needs, under the same names.
pub struct Config {
    pub host: String,
    pub port: u16,
    pub database_url: String,
    /// Without a slash at the end.
    pub gateway_url: String,
    pub api_keys: Vec<ApiKey>,
    /// As pino names it; `silent` turns the log off.
    pub log_level: String,
    pub traces: bool,
}

#[derive(Clone)]
pub struct ApiKey {
    pub client: String,
    /// SHA-256 of the key.
    pub digest: [u8; 32],
}

impl Config {
    pub fn from_env() -> Result<Self, String> {
        Ok(Self {
            host: env::var("HOST").unwrap_or_else(|_| "127.0.0.1".into()),
            port: match env::var("PORT") {
                Ok(text) => text.parse().map_err(|_| "PORT must be a port number.")?,
                Err(_) => 3000,
            },
            database_url: required("DATABASE_URL")?,
            gateway_url: required("PAYMENT_GATEWAY_URL")?.trim_end_matches('/').to_owned(),
            api_keys: parse_api_keys(&required("API_KEYS")?)?,
            log_level: env::var("LOG_LEVEL").unwrap_or_else(|_| "info".into()),
            traces: env::var("OTEL_SDK_DISABLED").map_or(true, |value| value != "true"),
        })
    }
}

fn required(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is required."))
}

/// Parses `client:key` pairs, comma-separated.
fn parse_api_keys(text: &str) -> Result<Vec<ApiKey>, String> {
    text.split(',')
        .map(|pair| {
            let (client, key) = pair.trim().split_once(':')?;
            Some(ApiKey { client: client.to_owned(), digest: Sha256::digest(key).into() })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| "API_KEYS must be client:key pairs.".into())
}
