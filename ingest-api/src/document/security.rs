//! The ways to show who one is: whatever asks for a log-in takes the cookie of a browser's session too, and with it, for what
//! changes something, the token of its forms.

use super::Described;
use crate::api::system::document::{COOKIE, CSRF};
use utoipa::openapi::security::SecurityRequirement;

const NO_SCOPES: [&str; 0] = [];

/// Writes the other way into an operation that asks for a log-in.
pub(super) fn describe(described: &mut Described<'_>) {
    let writes = described.writes();
    if let Some(ways) = &mut described.operation.security {
        let cookie = SecurityRequirement::new(COOKIE, NO_SCOPES);
        ways.push(if writes {
            cookie.add(CSRF, NO_SCOPES)
        } else {
            cookie
        });
    }
}
