//! Running other programs: every call is shown before it runs, every failure names the call.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a program whose output the reader should see; says whether it was content.
pub(crate) fn passes(command: &mut Command) -> Result<bool> {
    announce(command);
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    Ok(status.success())
}

/// The same for one that has to succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    if !passes(command)? {
        bail!("`{}` failed", shown(command));
    }
    Ok(())
}

/// Runs a program and gives what it wrote; its errors are part of ours.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({}):\n{}",
            shown(command),
            output.status,
            said.trim()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something that is not text", shown(command)))
}

/// Whether a program can be started and is content.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Says on stderr which program runs next.
pub(crate) fn announce(command: &Command) {
    eprintln!("$ {}", shown(command));
}

/// A program's place in PATH.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A program that the kernel ends with `signal` when we die, whatever we die of.
///
/// `setpriv` (util-linux) asks for that on our behalf, because asking for it ourselves would take
/// unsafe code. Where there is none, the program starts without it. Only for use from the main
/// thread: the kernel counts the parent thread's life.
pub(crate) fn tied(signal: &str, program: impl AsRef<OsStr>) -> Command {
    let Some(setpriv) = in_path("setpriv") else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// A call as one would type it; without the `setpriv` in front.
fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    let start = words
        .iter()
        .position(|word| word == "--")
        .filter(|_| words[0].ends_with("setpriv"));
    let words = &words[start.map_or(0, |at| at + 1)..];
    let program = words[0].rsplit('/').next().unwrap_or_default();
    let rest = words[1..].iter().map(AsRef::as_ref);
    std::iter::once(program)
        .chain(rest)
        .collect::<Vec<_>>()
        .join(" ")
}
