//! How the process that started this one learns its address, and how this one learns that the other has ended.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd;

use tokio::sync::oneshot;

/// Writes the line `{"url": …}` to the socket whose file descriptor `ANNOUNCE_FD` names. The future resolves when the
/// parent closes its end, and never if there is no parent that listens.
pub fn announce(url: &str) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (gone, parent_gone) = oneshot::channel();
    let descriptor = std::env::var("ANNOUNCE_FD").ok().and_then(|text| text.parse().ok());
    match descriptor {
        Some(descriptor) => {
            // SAFETY: the parent opened the descriptor for this process, and nothing else here uses it.
            let mut parent = unsafe { File::from_raw_fd(descriptor) };
            let line = format!("{}\n", serde_json::json!({ "url": url }));
            parent.write_all(line.as_bytes())?;
            std::thread::spawn(move || {
                _ = parent.read(&mut [0]);
                _ = gone.send(());
            });
        }
        // A dropped sender would look like a parent that is gone.
        None => std::mem::forget(gone),
    }
    Ok(async {
        _ = parent_gone.await;
    })
}
