//! Where Unix sockets of a folder are: in it, unless the path is too long for one.

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Longest path of a Unix socket that every system takes, with room for the terminating zero (macOS: 104, Linux: 108).
const PATH_BYTES_MAX: usize = 103;

/// The path of a socket that belongs to a folder which only this user can enter. The same for everybody who asks.
pub(crate) fn path_in(folder: &Path, name: &str) -> Result<PathBuf> {
    let usual = folder.join(name);
    if usual.as_os_str().len() <= PATH_BYTES_MAX {
        return Ok(usual);
    }
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let id = hex::encode(&digest[..8]);
    let short = std::env::temp_dir().join(format!("millstream-{id}"));
    let named = || format!("the folder \"{}\" for sockets", short.display());
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&short)
        .with_context(named)?;
    // Somebody else may have made it before us, to listen in our place.
    let (made, ours) = (fs::symlink_metadata(&short)?, fs::metadata(folder)?);
    ensure!(
        made.is_dir() && made.uid() == ours.uid() && made.mode() & 0o777 == 0o700,
        "{} belongs to somebody else",
        named()
    );
    Ok(short.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_folder_gets_a_short_socket_that_is_always_the_same() {
        let base = tempfile::tempdir().expect("a folder");
        let long = base.path().join("d".repeat(120));
        fs::create_dir(&long).expect("a folder");
        let path = path_in(&long, "admin.sock").expect("a path");
        assert!(
            path.as_os_str().len() <= PATH_BYTES_MAX,
            "{}",
            path.display()
        );
        assert_eq!(path_in(&long, "admin.sock").ok(), Some(path.clone()));
        let folder = path.parent().expect("a folder");
        assert_eq!(
            fs::metadata(folder).expect("it is there").mode() & 0o777,
            0o700
        );
        fs::remove_dir(folder).expect("it is empty");
    }

    #[test]
    fn a_short_folder_holds_its_own_sockets() {
        let base = tempfile::tempdir().expect("a folder");
        let path = path_in(base.path(), "admin.sock").expect("a path");
        assert_eq!(path, base.path().join("admin.sock"));
    }
}
