//! `GET /live`: a connection is asked for, and begins.

use super::connection::Connection;
use super::guest::Guest;
use super::socket::bounded;
use crate::api::schema::Problems;
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::request::RequestContext;
use crate::state::AppState;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;

#[utoipa::path(
    get, path = "/live", tag = "live", operation_id = "listen",
    summary = "Hear of changes",
    description = "A WebSocket, subprotocol `millstream.v1`. Send `{\"subscribe\": [\"task:<id>\", \"project:<id>\", \
                   \"notifications\"]}` (the whole list each time); hear `{\"type\": \"changed\", \"topic\": …, \"position\": …}` \
                   and, of tasks, their comments. After a break, send `{\"subscribe\": […], \"resume\": \"<position>\"}` with the \
                   last position that was told: nothing is missed and nothing comes twice; or `{\"type\": \"behind\"}` says that \
                   too much was missed to be told. Authenticated by the session cookie of a page of this server, by \
                   `Authorization`, or by a second subprotocol `bearer.<token>`.",
    responses((status = 101, description = "The connection is open"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn live(
    State(app): State<AppState>,
    guest: Guest,
    _: NoParams,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let listener = app.hub().listen(guest.caller.id)?;
    let cx = RequestContext::current();
    Ok(bounded(upgrade).on_upgrade(move |socket| {
        let connection = Box::new(Connection::new(app, guest, listener, socket));
        cx.scope(connection.run())
    }))
}
