//! People.

pub(crate) mod list;
pub(crate) mod one;

use crate::answer::Answer;
use crate::api::schema;
use chrono::{DateTime, Utc};
use millstream_domain::ids::UserId;
use millstream_domain::user::{Locale, Role};
use millstream_store::user::User;
use serde::Serialize;
use utoipa::ToSchema;

/// An account.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(example = "ada")]
    username: String,
    /// Your own; those of others are shown to admins only.
    email: Option<String>,
    display_name: String,
    #[schema(schema_with = schema::role)]
    role: Role,
    time_zone: String,
    #[schema(schema_with = schema::locale)]
    locale: Locale,
    /// Whether they may log in.
    active: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

/// What the server sets.
pub(crate) const READ_ONLY: &[&str] = &["id", "created_at", "updated_at", "version"];

impl UserBody {
    /// With the e-mail address.
    pub(crate) fn full(user: &User) -> Self {
        Self {
            email: Some(user.email.clone()),
            ..Self::public(user)
        }
    }

    /// Without.
    pub(crate) fn public(user: &User) -> Self {
        let state = &user.state;
        Self {
            id: state.id,
            username: state.username.clone(),
            email: None,
            display_name: state.display_name.clone(),
            role: state.role,
            time_zone: state.time_zone.clone(),
            locale: state.locale,
            active: state.active,
            created_at: state.created_at,
            updated_at: state.updated_at,
            version: state.version,
        }
    }

    /// Where it stands.
    pub(crate) fn location(&self) -> String {
        format!("/api/v1/users/{}", self.id)
    }
}

/// One account, to whom may see all of it.
pub(crate) fn user_answer(user: &User) -> Answer {
    Answer::versioned(user.state.version, UserBody::full(user))
}
