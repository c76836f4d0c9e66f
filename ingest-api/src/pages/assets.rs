//! `/static/{file}`: style, script and pictures, part of the program; under an address of their content also for good.
//!
//! To add one: a line in the table.

use crate::error::ApiError;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "millstream.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../templates/static/millstream.css"),
    },
    Asset {
        name: "millstream.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../templates/static/millstream.js"),
    },
    Asset {
        name: "reset.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../templates/static/reset.js"),
    },
    Asset {
        name: "millstream.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../../../templates/static/millstream.svg"),
    },
];

/// Entity tags, in the order of the table.
static TAGS: LazyLock<Vec<String>> =
    LazyLock::new(|| ASSETS.iter().map(|asset| tag(asset.bytes)).collect());

fn tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    format!(
        "\"{:016x}\"",
        u64::from_be_bytes(*digest.first_chunk().expect("a digest has 32 bytes"))
    )
}

/// Where a file is read that never changes under its address.
pub(crate) fn url(name: &str) -> String {
    let at = ASSETS.iter().position(|asset| asset.name == name);
    let tag = at.map_or("none", |at| TAGS[at].trim_matches('"'));
    format!("/static/{tag}/{name}")
}

/// A file of this version of the program, for ever; of another, as it is now.
pub(crate) async fn read_for_good(
    Path((hash, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let is_this = url(&name) == format!("/static/{hash}/{name}");
    let mut response = read(Path(name)).await?;
    if is_this {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(CACHE_CONTROL, forever);
    }
    Ok(response)
}

/// A file.
pub(crate) async fn read(Path(name): Path<String>) -> Result<Response, ApiError> {
    let at = ASSETS
        .iter()
        .position(|asset| asset.name == name)
        .ok_or_else(ApiError::not_found)?;
    let asset = &ASSETS[at];
    let headers = [
        (CONTENT_TYPE, asset.content_type),
        // Asked for again after a minute, and then mostly answered with 304: a new version shows at once.
        (CACHE_CONTROL, "public, max-age=60"),
        (ETAG, TAGS[at].as_str()),
    ];
    Ok((headers, asset.bytes).into_response())
}
