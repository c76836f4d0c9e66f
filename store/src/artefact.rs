//! Artefacts: files that were made for somebody and are kept for a while, such as those of reports.

use crate::job::JobArgs;
use serde::{Deserialize, Serialize};

/// Removes artefacts whose time is over.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpireArtefacts {}

impl JobArgs for ExpireArtefacts {
    const KIND: &'static str = "expire_artefacts";
}
