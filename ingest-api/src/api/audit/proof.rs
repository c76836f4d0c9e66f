//! `GET /audit/proof`

use super::VIEW;
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::position::WaitFor;
use crate::problem::Code;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millstream_domain::field::{FieldCode, FieldError, Invalid};
use millstream_domain::policy::Action;
use millstream_store::StoreError;
use millstream_store::views::audit::tree::{TreeError, inclusion};
use serde::Serialize;
use utoipa::ToSchema;

/// What proves that an entry stands in the tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditProof)]
pub(crate) struct ProofBody {
    index: u64,
    size: u64,
    /// From the leaf to the root (RFC 6962, 2.1.1), in base64.
    hashes: Vec<String>,
}

#[utoipa::path(
    get, path = "/audit/proof", tag = "audit",
    summary = "Proof that an entry stands in the audit (admin)",
    description = "A view: it answers how far it is.",
    params(
        WaitFor,
        ("index" = u64, Query, description = "The entry, from 0"),
        ("size" = u64, Query, description = "The size of the tree, such as that of a checkpoint"),
    ),
    responses((status = 200, description = "The proof", body = One<ProofBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_proof(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let index = params.needed("index", number);
    let size = params.needed("size", number);
    let (index, size) = params.finish(|| Some((index?, size?)))?;
    caller.may(Action::ReadAudit)?;
    let seen = seen(&app, wait, VIEW).await?;
    let hashes = inclusion(app.store().pool(), index, size)
        .await
        .map_err(unproven)?
        .ok_or_else(beyond)?;
    let hashes = hashes.iter().map(|hash| STANDARD.encode(hash)).collect();
    let proof = ProofBody {
        index,
        size,
        hashes,
    };
    Ok(Answer::one(proof).of_view(seen))
}

fn number(text: &str) -> Result<u64, Invalid> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.ok_or_else(|| Invalid::new(FieldCode::Invalid, "must be a whole number, 0 or more"))
}

fn beyond() -> ApiError {
    let errors = vec![
        FieldError::new("index", FieldCode::OutOfRange, "must be below size"),
        FieldError::new(
            "size",
            FieldCode::OutOfRange,
            "must be at most the number of entries",
        ),
    ];
    let detail = "index must be below size, and size at most the number of entries";
    ApiError::with_fields(Code::BadRequest, errors).saying(detail)
}

fn unproven(error: TreeError) -> ApiError {
    match error {
        TreeError::Database(error) => StoreError::from(error).into(),
        damaged @ TreeError::Damaged(_) => ApiError::internal(damaged),
    }
}
