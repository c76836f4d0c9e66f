//! How a child gives up, first thing, whatever answering does not need: memory, time on the processor, files, the network.
//!
//! The limits of the kernel hold whatever happens in the child; Landlock, where the kernel has it, lets it read nothing but the
//! lake, write nothing, and reach nobody by TCP.

use super::bounds::{ADDRESS_BYTES_MAX, CPU_SECONDS_MAX, DATA_BYTES_MAX, OPEN_FILES_MAX};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, Scope,
};
use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use std::path::Path;

/// The newest rights that are given up. An older kernel knows fewer, and takes those.
const RIGHTS: ABI = ABI::V6;
/// How far a child stands back behind the server where both want the processor.
const NICENESS: i32 = 10;

/// A child could not be confined.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unconfined {
    #[error("the kernel sets no limit of {0:?}")]
    Limit(Resource, #[source] rustix::io::Errno),
    #[error("the kernel does not fence the process")]
    Fence(#[from] RulesetError),
    #[error("the lake's folder cannot be opened")]
    Folder(#[from] landlock::PathFdError),
}

/// Confines this process for good. Before it starts a thread: what is given up, threads inherit.
pub(super) fn confine(lake: &Path) -> Result<(), Unconfined> {
    for (resource, max) in [
        (Resource::Data, DATA_BYTES_MAX),
        (Resource::As, ADDRESS_BYTES_MAX),
        (Resource::Cpu, CPU_SECONDS_MAX),
        (Resource::Nofile, OPEN_FILES_MAX),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ] {
        limit(resource, max).map_err(|error| Unconfined::Limit(resource, error))?;
    }
    // Where that is not allowed, it computes like anybody else.
    let _ = nice(NICENESS);
    fence(lake)
}

fn limit(resource: Resource, max: u64) -> rustix::io::Result<()> {
    // What is limited closer already cannot be widened.
    let before = getrlimit(resource).maximum;
    let max = before.map_or(max, |before| before.min(max));
    // The processor's limit is told by a signal at the first of the two, which says what it was.
    let more = u64::from(resource == Resource::Cpu && before.is_none_or(|before| before > max));
    setrlimit(
        resource,
        Rlimit {
            current: Some(max),
            maximum: Some(max + more),
        },
    )
}

fn fence(lake: &Path) -> Result<(), Unconfined> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::from_all(RIGHTS))?
        .scope(Scope::from_all(RIGHTS))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new(lake)?, reading))?
        .restrict_self()?;
    Ok(())
}

/// Whether this kernel has Landlock. Without it, a child's limits and what the engine refuses have to do.
#[must_use]
pub fn is_fenced_by_kernel() -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::ReadFile)
        .and_then(Ruleset::create)
        .is_ok()
}
