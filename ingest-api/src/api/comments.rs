//! Comments on tasks.

pub(crate) mod create;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod markdown;
pub(crate) mod one;

use crate::answer::Answer;
use crate::api::ActorBody;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, TaskId};
use millstream_store::comment::Comment;
use serde::Serialize;
use utoipa::ToSchema;

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
pub(crate) struct CommentBody {
    #[schema(value_type = Uuid)]
    id: CommentId,
    #[schema(value_type = Uuid)]
    task_id: TaskId,
    author: ActorBody,
    /// Markdown; empty once deleted.
    body: String,
    /// The same as HTML that is safe to show.
    body_html: String,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    /// Its place in the conversation remains.
    deleted_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<&Comment> for CommentBody {
    fn from(comment: &Comment) -> Self {
        let author = ActorBody {
            id: comment.author,
            username: comment.author_username.clone(),
            display_name: comment.author_display_name.clone(),
        };
        Self {
            id: comment.id,
            task_id: comment.task_id,
            author,
            body: comment.body.clone(),
            body_html: markdown::to_html(&comment.body),
            created_at: comment.created_at,
            edited_at: comment.edited_at,
            deleted_at: comment.deleted_at,
            updated_at: comment
                .deleted_at
                .or(comment.edited_at)
                .unwrap_or(comment.created_at),
            version: comment.version,
        }
    }
}

/// One comment.
pub(crate) fn comment_answer(comment: &Comment) -> Answer {
    Answer::versioned(comment.version, CommentBody::from(comment))
}
