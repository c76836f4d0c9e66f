//! A program that does not outlive us, nor do the programs that it starts: `cargo test` and the test
//! programs, `cargo run` and the product.
//!
//! The program gets a process group of its own, so Ctrl-C reaches only us. A small shell process
//! holds the reading end of a pipe whose writing end we hold; when we die of anything (Ctrl-C,
//! SIGKILL), the kernel closes the pipe and the shell ends the group: SIGTERM, then, after 15
//! seconds, SIGKILL.

use crate::process::{announce, shown};
use anyhow::{Context, Result};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

const SCRIPT: &str = include_str!("leash.sh");

/// A running program; dropping it ends its group and waits until it has.
#[derive(Debug)]
pub(crate) struct Leashed {
    program: Child,
    leash: Child,
}

impl Leashed {
    /// Starts a program, without input: a group in the background may not read from the terminal.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        announce(command);
        let mut leash = Command::new("sh")
            .args(["-c", SCRIPT, "leash"])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run `sh`")?;
        let program = command.stdin(Stdio::null()).process_group(0).spawn();
        let program = program.with_context(|| format!("cannot run `{}`", shown(command)))?;
        tell(&mut leash, program.id()).context("the leash is gone")?;
        Ok(Self { program, leash })
    }

    /// What it writes, if its output was asked for.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.program.stdout.take()
    }

    /// How it ended, if it has.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.program.try_wait()
    }

    /// Waits for its end. What it started and left behind is left alone.
    pub(crate) fn wait(mut self) -> Result<ExitStatus> {
        let status = self.program.wait()?;
        tell(&mut self.leash, "ended").ok();
        Ok(status)
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.leash.stdin.take());
        for child in [&mut self.program, &mut self.leash] {
            if let Err(error) = child.wait() {
                eprintln!("cannot wait for a program to end: {error}");
            }
        }
    }
}

fn tell(leash: &mut Child, word: impl std::fmt::Display) -> io::Result<()> {
    let input = leash.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
    writeln!(input, "{word}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn shell(script: &str) -> Leashed {
        let mut command = Command::new("sh");
        Leashed::spawn(command.args(["-c", script]).stdout(Stdio::piped())).unwrap()
    }

    #[test]
    fn dropping_it_ends_the_program_and_what_that_started() {
        let mut program = shell("sleep 100 & echo $!; wait");
        let mut output = program.output().unwrap();
        let mut first = [0; 2];
        output.read_exact(&mut first).unwrap();
        drop(program);
        // The end of output is there once nobody, the `sleep` included, holds it open.
        output.read_to_end(&mut Vec::new()).unwrap();
    }

    #[test]
    fn a_program_that_ends_by_itself_is_left_alone() {
        assert!(shell("exit 0").wait().unwrap().success());
        assert_eq!(shell("exit 3").wait().unwrap().code(), Some(3));
    }
}
