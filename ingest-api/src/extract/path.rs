//! Ids in the path. One that is malformed names nothing: 404, like one that does not exist.

use crate::error::ApiError;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use millstream_domain::ids::TaskId;
use millstream_domain::task::TaskName;
use millstream_store::task::TaskRef;

/// Something that a path segment names.
pub(crate) trait Segment: Sized {
    /// What the text names, if it has the form.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl Segment for millstream_domain::ids::$id {
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
ids!(
    UserId,
    SessionId,
    TeamId,
    ProjectId,
    TagId,
    CommentId,
    NotificationId,
    JobId,
    ReportId,
    ApiTokenId,
    ScheduleId
);

impl Segment for TaskRef {
    /// An id, or a name such as `ENG-42`.
    fn read(text: &str) -> Option<Self> {
        let id = || text.parse::<TaskId>().ok().map(Self::Id);
        let name = || text.parse::<TaskName>().ok().map(Self::Name);
        id().or_else(name)
    }
}

/// The one id of a path.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

/// The two ids of a path: of the thing, and of what it belongs to, which stands before it.
#[derive(Debug)]
pub(crate) struct IdIn<O, T>(pub(crate) O, pub(crate) T);

impl<S: Send + Sync, T: Segment> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = segments(parts, state).await?;
        let [text] = params.as_slice() else {
            return Err(ApiError::not_found());
        };
        T::read(text).map(Self).ok_or_else(ApiError::not_found)
    }
}

impl<S: Send + Sync, O: Segment, T: Segment> FromRequestParts<S> for IdIn<O, T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = segments(parts, state).await?;
        let [owner, thing] = params.as_slice() else {
            return Err(ApiError::not_found());
        };
        let both = O::read(owner).zip(T::read(thing));
        both.map(|(owner, thing)| Self(owner, thing))
            .ok_or_else(ApiError::not_found)
    }
}

async fn segments<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>, ApiError> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| ApiError::not_found())?;
    Ok(params.iter().map(|(_, value)| value.to_owned()).collect())
}
