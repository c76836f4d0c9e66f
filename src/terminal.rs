//! How a command's replies look on the terminal: results on standard output, progress and errors on standard error.

use crate::control::message::Reply;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};
use std::process::ExitCode;
use tokio::sync::mpsc;

/// Shows replies until the end, and gives the exit code.
pub(crate) async fn show(mut replies: mpsc::Receiver<Reply>) -> ExitCode {
    let bar = ProgressBar::no_length().with_style(style());
    let mut code = ExitCode::FAILURE;
    while let Some(reply) = replies.recv().await {
        match reply {
            Reply::Progress { what, done, all } => {
                bar.set_message(what);
                bar.set_length(all);
                bar.set_position(done);
            }
            Reply::Line { text } => bar.suspend(|| line(&text)),
            Reply::End { code: ended, error } => {
                bar.finish_and_clear();
                if let Some(error) = error {
                    eprintln!("error: {error}");
                }
                code = ExitCode::from(ended);
            }
        }
    }
    bar.finish_and_clear();
    code
}

/// Shows a line of a command that has no replies.
pub(crate) fn line(text: &str) {
    // Whoever closed our output does not want to read it.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {bar:40} {human_pos} of {human_len}, {per_sec}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
