//! The log processor of a Rust guide: lines are read asynchronously, parsed by serde into a struct, counted, and sent
//! through a channel to a task that drops them in batches.

use std::{collections::HashMap, env, time::Instant};

use serde::Deserialize;
use tokio::{
    fs::File,
    io::{AsyncBufReadExt, BufReader},
    sync::mpsc,
};

const BATCH: usize = 1000;
const BUFFER: usize = 1024 * 1024;

#[derive(Deserialize)]
#[allow(dead_code)] // A batch would be sent with all of it.
struct Line {
    timestamp: String,
    level: String,
    service: String,
    message: String,
    trace_id: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let path = env::args().nth(1).expect("the path of a file");
    let started = Instant::now();

    let (sender, mut receiver) = mpsc::channel::<Line>(4 * BATCH);
    let batches = tokio::spawn(async move {
        let mut batch = Vec::with_capacity(BATCH);
        let mut count = 0;
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            batch.clear();
            count += 1;
        }
        count
    });

    let mut lines = BufReader::with_capacity(BUFFER, File::open(path).await?).lines();
    let mut errors: HashMap<String, u64> = HashMap::new();
    let mut count: u64 = 0;
    while let Some(text) = lines.next_line().await? {
        count += 1;
        let Ok(line) = serde_json::from_str::<Line>(&text) else { continue };
        if line.level == "error" {
            match errors.get_mut(&line.service) {
                Some(sum) => *sum += 1,
                None => {
                    errors.insert(line.service.clone(), 1);
                }
            }
        }
        if sender.send(line).await.is_err() {
            break;
        }
    }
    drop(sender);
    let batches = batches.await.expect("the task ends");
    let total: u64 = errors.values().sum();
    let seconds = started.elapsed().as_secs_f64();
    println!("{{\"lines\":{count},\"errors\":{total},\"batches\":{batches},\"seconds\":{seconds}}}");
    Ok(())
}
