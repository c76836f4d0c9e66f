//! One entry of the audit, with the proof that it stands in the tree that was signed.

use super::audit::{EntryRow, hex};
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::pages::shell::{Section, Shell};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millstream_domain::policy::Action;
use millstream_store::StoreError;
use millstream_store::merkle::{Hash, proof};
use millstream_store::views::audit::tree::{self, TreeError};

#[derive(Template)]
#[template(path = "pages/admin_entry.html")]
struct EntryPage {
    shell: Shell,
    row: EntryRow,
    /// The size of the tree of the newest checkpoint.
    size: Option<u64>,
    verdict: Option<Verdict>,
    proof: Vec<String>,
}

/// What became of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What is stored is what was signed.
    Fits,
    /// It is not.
    Broken,
    /// It came after the newest checkpoint, and is signed soon.
    NotYet,
    /// The checkpoint cannot be read as one.
    Unreadable,
}

/// A checkpoint's size and root.
fn read(note: &str) -> Option<(u64, Hash)> {
    let mut lines = note.lines().skip(1);
    let size = lines.next()?.parse().ok()?;
    let root = STANDARD.decode(lines.next()?).ok()?;
    Some((size, root.try_into().ok()?))
}

impl Verdict {
    fn that(fits: bool) -> Self {
        if fits { Self::Fits } else { Self::Broken }
    }

    /// Whether the tree that is stored has the root that was signed.
    pub(super) async fn of_tree(app: &AppState, note: &str) -> Result<Self, ApiError> {
        let Some((size, root)) = read(note) else {
            return Ok(Self::Unreadable);
        };
        match tree::frontier(app.store().pool(), size).await {
            Ok(frontier) => Ok(Self::that(frontier.root() == root)),
            Err(TreeError::Database(error)) => Err(StoreError::from(error).into()),
            Err(TreeError::Damaged(_)) => Ok(Self::Broken),
        }
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    Path(index): Path<String>,
    _: NoParams,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::ReadAudit)?;
    let index: u32 = index.parse().map_err(|_| ApiError::not_found())?;
    let entry = app
        .store()
        .audit_entry(&viewer.caller.actor, i64::from(index))
        .await?;
    let leaf: Option<Hash> = entry.leaf_hash.as_slice().try_into().ok();
    let note = app
        .checkpoints()
        .latest()
        .await
        .map_err(ApiError::internal)?;
    let checkpoint = note.as_deref().map(read);
    let (verdict, hashes) = match (checkpoint, leaf) {
        (None, _) => (None, Vec::new()),
        (Some(Some(checkpoint)), Some(leaf)) => {
            let (verdict, hashes) = verify(&app, u64::from(index), leaf, checkpoint).await?;
            (Some(verdict), hashes)
        }
        (Some(None), _) => (Some(Verdict::Unreadable), Vec::new()),
        (Some(Some(_)), None) => (Some(Verdict::Broken), Vec::new()),
    };
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    crate::pages::render(&EntryPage {
        row: EntryRow::of(entry, &shell),
        size: checkpoint.flatten().map(|(size, _)| size),
        verdict,
        proof: hashes.iter().map(|hash| hex(hash)).collect(),
        shell,
    })
}

/// Climbs from the leaf to the root that was signed.
async fn verify(
    app: &AppState,
    index: u64,
    leaf: Hash,
    (size, root): (u64, Hash),
) -> Result<(Verdict, Vec<Hash>), ApiError> {
    if index >= size {
        return Ok((Verdict::NotYet, Vec::new()));
    }
    match tree::inclusion(app.store().pool(), index, size).await {
        Ok(Some(hashes)) => {
            let reached = proof::root(index, size, leaf, &hashes);
            Ok((Verdict::that(reached == Some(root)), hashes))
        }
        // More was signed than there is.
        Ok(None) | Err(TreeError::Damaged(_)) => Ok((Verdict::Broken, Vec::new())),
        Err(TreeError::Database(error)) => Err(StoreError::from(error).into()),
    }
}
