//! Somebody says a password, to log in or to prove that they still are who they were. One way for all of it: the try is
//! counted, then the hash is computed, for accounts that there are and for others alike.

use crate::auth::Caller;
use crate::auth::caller::anonymous_origin;
use crate::auth::password;
use crate::error::ApiError;
use crate::request::RequestContext;
use crate::state::AppState;
use chrono::TimeDelta;
use millstream_event_log::Origin;
use millstream_store::attempt::login::{Admitted, LoginTry};
use millstream_store::session::RecordFailedLogin;
use millstream_store::user::Credentials;

/// Whose name and password these are.
pub(crate) async fn identify(
    app: &AppState,
    login: &str,
    password: String,
) -> Result<Credentials, ApiError> {
    let tried = app
        .store()
        .try_login(login, RequestContext::current().client_ip)
        .await?;
    let proven = prove(app, &anonymous_origin(), tried, password).await?;
    proven.ok_or_else(|| ApiError::unauthenticated("login or password is wrong"))
}

/// The hash of the caller's password, if this is it.
pub(crate) async fn confirm(
    app: &AppState,
    caller: &Caller,
    password: String,
) -> Result<Option<String>, ApiError> {
    let tried = app
        .store()
        .try_password(caller.id, RequestContext::current().client_ip)
        .await?;
    let proven = prove(app, &caller.origin, tried, password).await?;
    Ok(proven.map(|account| account.password_hash))
}

/// The account, if the password is its own and it is active.
async fn prove(
    app: &AppState,
    origin: &Origin,
    tried: LoginTry,
    password: String,
) -> Result<Option<Credentials>, ApiError> {
    let admitted = match tried {
        LoginTry::Admitted(admitted) => admitted,
        LoginTry::Refused {
            record,
            retry_after,
        } => {
            app.store().write(origin, record).await?;
            return Err(too_many(retry_after));
        }
    };
    // Without an account, with one that is not active or has had its tries, the password is checked against nobody's hash.
    let hash = admitted
        .account
        .as_ref()
        .filter(|account| account.active && admitted.withheld.is_none())
        .map(|account| account.password_hash.clone());
    let is_right = app.passwords().verify(password.clone(), hash).await;
    if !matches!(is_right, Ok(false)) {
        // It was no guess, or was never compared.
        app.store().forgive(&admitted).await?;
    }
    let Admitted {
        account, withheld, ..
    } = admitted;
    if is_right? {
        let account = account.expect("nobody's hash fits no password");
        return Ok(Some(renew(app, account, password).await?));
    }
    if let Some(record) = withheld {
        app.store().write(origin, record).await?;
        return Ok(None);
    }
    let user_id = account.map(|account| account.user_id);
    app.store()
        .write(origin, RecordFailedLogin { user_id })
        .await?;
    Ok(None)
}

/// Hashes the password anew where its hash was made with other parameters than are used now. This is the one moment in
/// which it is known.
async fn renew(
    app: &AppState,
    account: Credentials,
    password: String,
) -> Result<Credentials, ApiError> {
    if !password::is_outdated(&account.password_hash) {
        return Ok(account);
    }
    let password_hash = app.passwords().hash(password).await?;
    app.store()
        .renew_password_hash(&account, &password_hash)
        .await?;
    Ok(Credentials {
        password_hash,
        ..account
    })
}

fn too_many(retry_after: TimeDelta) -> ApiError {
    let seconds = u64::try_from(retry_after.num_seconds()).unwrap_or(1).max(1);
    ApiError::rate_limited(seconds)
        .saying("too many tries: wait, log in from where you usually do, or reset the password")
}
