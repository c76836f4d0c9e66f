//! The account that servers run under. Postgres refuses to run as root, so root runs it as somebody
//! else.

use crate::process;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

/// Whom root may run a server as, the first that exists: Debian's package makes `postgres`, and
/// `nobody` is everywhere.
const SERVANTS: [&str; 2] = ["postgres", "nobody"];

/// An account for servers.
#[derive(Debug, Clone)]
pub(crate) enum Account {
    /// Our own.
    Own,
    /// Another one: we are root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The account to use here.
    pub(crate) fn find() -> Result<Self> {
        if !is_root()? {
            return Ok(Self::Own);
        }
        if process::in_path("setpriv").is_none() {
            bail!(
                "as root, `setpriv` is needed to run Postgres as another user; install util-linux"
            );
        }
        for user in SERVANTS {
            if let (Ok(uid), Ok(gid)) = (id(&["-u", user]), id(&["-g", user])) {
                return Ok(Self::Other { uid, gid });
            }
        }
        bail!(
            "Postgres does not run as root, and there is no user `postgres` to run it as; \
             run this as another user"
        )
    }

    /// A call under this account that lives on when we die.
    pub(crate) fn command(&self, program: &Path) -> Command {
        self.call(&[], program)
    }

    /// A server under this account that the kernel stops with `signal` when the process that
    /// started it dies.
    pub(crate) fn server(&self, program: &Path, signal: &str) -> Command {
        self.call(&["--pdeathsig", signal], program)
    }

    fn call(&self, more: &[&str], program: &Path) -> Command {
        let mut options: Vec<String> = more.iter().map(ToString::to_string).collect();
        if let Self::Other { uid, gid } = self {
            let ids = [
                format!("--reuid={uid}"),
                format!("--regid={gid}"),
                "--clear-groups".into(),
            ];
            options.extend(ids);
        }
        let setpriv = process::in_path("setpriv").filter(|_| !options.is_empty());
        let Some(setpriv) = setpriv else {
            return Command::new(program);
        };
        let mut command = Command::new(setpriv);
        command.args(options).arg("--").arg(program);
        command
    }

    /// Hands a new folder over to the account.
    pub(crate) fn give(&self, folder: &Path) -> Result<()> {
        let Self::Other { uid, gid } = self else {
            return Ok(());
        };
        chown(folder, Some(*uid), Some(*gid))
            .with_context(|| format!("cannot hand over \"{}\"", folder.display()))
    }
}

/// Whether we are root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(id(&["-u"])? == 0)
}

fn id(args: &[&str]) -> Result<u32> {
    let text = process::output(Command::new("id").args(args))?;
    text.trim().parse().context("`id` did not write a number")
}
