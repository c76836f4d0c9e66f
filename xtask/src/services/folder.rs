//! Where a service may keep its data: a folder that its account can enter, with a path short enough
//! for a unix socket.

use crate::services::account::Account;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::{Builder, TempDir};

/// A socket's path may have 107 bytes on Linux and 103 elsewhere; `/.s.PGSQL.65535` and our own
/// folder need the rest.
const PATH_BYTES_MAX: usize = 60;

/// Whether a service of this account can have its data below `folder`.
pub(crate) fn fits(folder: &Path, account: &Account) -> bool {
    let short = folder.as_os_str().len() <= PATH_BYTES_MAX;
    short && (matches!(account, Account::Own) || anyone_may_enter(folder))
}

/// A new, private folder for temporary data, handed over to the account.
pub(crate) fn temporary(account: &Account) -> Result<TempDir> {
    let bases = [
        std::env::temp_dir(),
        PathBuf::from("/tmp"),
        PathBuf::from("/var/tmp"),
    ];
    let Some(base) = bases
        .into_iter()
        .find(|base| base.is_dir() && fits(base, account))
    else {
        bail!(
            "no folder for the data of services: TMPDIR, /tmp and /var/tmp are missing or closed"
        );
    };
    let folder = Builder::new()
        .prefix("millstream-")
        .tempdir_in(&base)
        .with_context(|| format!("cannot make a folder in \"{}\"", base.display()))?;
    account.give(folder.path())?;
    Ok(folder)
}

/// Whether every folder on the way has the execute bit for others.
fn anyone_may_enter(folder: &Path) -> bool {
    folder.ancestors().all(|step| {
        step.metadata()
            .is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}
