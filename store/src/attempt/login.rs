//! Tries at passwords: of an account, a hundred an hour reach its hash from all addresses together from which nobody has
//! logged in to it, and twenty from each address from which somebody has. So strangers cannot keep people out from where they
//! usually are.
//!
//! *Invariant:* what is answered to a wrong password follows from what was typed, from where, and from what was typed before:
//! never from whether somebody has that name. So every name is counted as it was typed, by address and altogether, alike
//! whether there is an account or not. What only an account has, the count that its two names share, decides nothing but
//! whether the password reaches its hash; a try that does not is compared with nobody's and answered as a wrong one. The
//! argument in full stands in `docs/SECURITY.md`.
//!
//! Names that nobody has, and addresses that are nobody's, are counted in buckets: they cannot fill the table.

use super::{Count, Counter};
use crate::access::{RefusalMeter, Telling, network_of};
use crate::housekeeping::PRUNED_PER_ROUND;
use crate::user::Credentials;
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::UserId;
use millstream_domain::network::Network;
use millstream_event_log::events::SessionEvent;
use millstream_event_log::events::session::RefusedLogin;
use std::net::IpAddr;

/// Tries per account and hour from addresses that never logged in to it. What is over is not worth a hash: at this rate
/// the commonest million passwords take eleven years.
pub const TRIES_OF_STRANGERS: i32 = 100;
/// Tries per account, hour and address that has logged in to it: more than anybody mistypes. So many of each name are answered
/// at any other address too, or the difference would tell that there is an account.
pub const TRIES_OF_KNOWN: i32 = 20;
/// Addresses that are remembered of one account: more than anybody logs in from within [`KNOWN_FOR`].
const KNOWN_MAX: i64 = 100;
/// How long an address is remembered after the last log-in from there: by then it mostly belongs to somebody else.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(180);
/// How often it is written down that somebody has logged in from a known address again.
const TOUCHED_EVERY: TimeDelta = TimeDelta::days(1);

/// A try that may be made: it has been counted.
#[derive(Debug)]
pub struct Admitted {
    /// The account, if there is one.
    pub account: Option<Credentials>,
    /// Whether the password must not reach the account's hash: the account has had its tries, which nobody is to learn.
    pub withheld: Option<RecordRefusedLogin>,
    counted: Vec<Counter>,
    counted_at: DateTime<Utc>,
}

/// What became of a try before it was made.
#[derive(Debug)]
pub enum LoginTry {
    /// The password may be looked at.
    Admitted(Admitted),
    /// Too many.
    Refused {
        /// What the audit is to know.
        record: RecordRefusedLogin,
        /// When the next one will be admitted.
        retry_after: TimeDelta,
    },
}

impl Store {
    /// Counts a try to log in as `login`, a username or an e-mail address.
    pub async fn try_login(
        &self,
        login: &str,
        address: Option<IpAddr>,
    ) -> Result<LoginTry, StoreError> {
        // Folded here, as names and addresses were when they were checked: what the database's `lower` does depends on
        // its locale. No stored text has a NUL, and no parameter may.
        let login = login.trim().to_lowercase().replace('\0', "\u{fffd}");
        let network = network(address);
        let row = sqlx::query!(
            r#"select u.id as "id?", u.password_hash as "password_hash?", u.active as "active?",
                      coalesce(u.username = $1, false) as "by_name!", k.user_id is not null as "known!",
                      exists (select from app.known_address o where o.network = $2) as "is_of_somebody!",
                      app.attempt_bucket($1) as "bucket!", app.attempt_bucket($1 || ' ' || $2) as "pair!"
               from (select) one
               left join app.user u on u.username = $1 or u.email = $1
               left join app.known_address k on k.user_id = u.id and k.network = $2
               limit 1"#,
            login,
            network,
        )
        .fetch_one(&self.pool)
        .await?;
        let account = row
            .id
            .zip(row.password_hash)
            .map(|(id, password_hash)| Credentials {
                user_id: UserId(id),
                password_hash,
                active: row.active.unwrap_or(false),
            });
        let typed = match (&account, row.by_name) {
            (Some(account), true) => format!("user:{}/name", account.user_id),
            (Some(account), false) => format!("user:{}/mail", account.user_id),
            (None, _) => format!("name#{}", row.bucket),
        };
        let here = if row.known {
            format!("{typed}@{network}")
        } else {
            format!("pair#{}", row.pair)
        };
        let guarded = match &account {
            Some(account) => guarded(&format!("user:{}", account.user_id), row.known, &network),
            // Counts nothing that matters, and takes the time that an account's takes.
            None => guarded(&format!("nobody#{}", row.bucket), false, &network),
        };
        let tried = Tried {
            here: Counter::login(&here, TRIES_OF_KNOWN),
            typed: Counter::login(&typed, TRIES_OF_STRANGERS),
            guarded,
            known: row.known,
            is_of_somebody: row.is_of_somebody,
        };
        self.count_login(account, tried).await
    }

    /// Counts a try of somebody who is logged in to say their password again. It counts like a log-in, or a stolen session
    /// could try without end.
    pub async fn try_password(
        &self,
        user: UserId,
        address: Option<IpAddr>,
    ) -> Result<LoginTry, StoreError> {
        let network = network(address);
        let row = sqlx::query!(
            r#"select u.password_hash, u.active,
                      exists (select from app.known_address k where k.user_id = u.id and k.network = $2) as "known!"
               from app.user u where u.id = $1"#,
            user.0,
            network,
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound)?;
        let account = Credentials {
            user_id: user,
            password_hash: row.password_hash,
            active: row.active,
        };
        let counter = guarded(&format!("user:{user}"), row.known, &network);
        let now = self.clock.now();
        let mut db = self.pool.acquire().await?;
        Ok(match counter.count(&mut db, now).await? {
            Count::Within => LoginTry::Admitted(Admitted {
                account: Some(account),
                withheld: None,
                counted: vec![counter],
                counted_at: now,
            }),
            Count::Beyond { retry_after } => LoginTry::Refused {
                record: RecordRefusedLogin {
                    user_id: Some(user),
                    known_address: row.known,
                },
                retry_after,
            },
        })
    }

    /// Counts the same three counters, whoever was tried.
    async fn count_login(
        &self,
        account: Option<Credentials>,
        tried: Tried,
    ) -> Result<LoginTry, StoreError> {
        let record = RecordRefusedLogin {
            user_id: account.as_ref().map(|account| account.user_id),
            known_address: tried.known,
        };
        let now = self.clock.now();
        let mut db = self.pool.acquire().await?;
        let here = tried.here.count(&mut db, now).await?;
        if let Count::Beyond { retry_after } = here {
            return Ok(LoginTry::Refused {
                record,
                retry_after,
            });
        }
        // Tries from a known address count among all of them too, as those at a name that nobody has do.
        let typed = tried.typed.count(&mut db, now).await?;
        if let (Count::Beyond { retry_after }, false) = (typed, tried.is_of_somebody) {
            return Ok(LoginTry::Refused {
                record,
                retry_after,
            });
        }
        let guarded = tried.guarded.count(&mut db, now).await?;
        // From where somebody logs in, nobody learns whether it is to this account.
        let is_over = guarded != Count::Within || (typed != Count::Within && !tried.known);
        let counts = [
            (tried.here, here),
            (tried.typed, typed),
            (tried.guarded, guarded),
        ];
        let counted = counts
            .into_iter()
            .filter(|(_, count)| *count == Count::Within);
        Ok(LoginTry::Admitted(Admitted {
            account,
            withheld: is_over.then_some(record),
            counted: counted.map(|(counter, _)| counter).collect(),
            counted_at: now,
        }))
    }

    /// Takes back a try whose password was right: it was no guess.
    pub async fn forgive(&self, admitted: &Admitted) -> Result<(), StoreError> {
        let mut db = self.pool.acquire().await?;
        for counter in &admitted.counted {
            counter.take_back(&mut db, admitted.counted_at).await?;
        }
        Ok(())
    }

    /// Forgets addresses from which nobody has logged in for [`KNOWN_FOR`].
    pub(crate) async fn prune_known_addresses(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - KNOWN_FOR;
        let pruned = sqlx::query!(
            "delete from app.known_address where (user_id, network) in (
                 select user_id, network from app.known_address where last_used_at < $1 limit $2
                 for update skip locked)",
            before,
            PRUNED_PER_ROUND,
        )
        .execute(&self.pool)
        .await?;
        Ok(pruned.rows_affected())
    }
}

/// What counts a try to log in.
struct Tried {
    /// What was typed, at this address.
    here: Counter,
    /// What was typed, at all addresses.
    typed: Counter,
    /// The account, by either of its names.
    guarded: Counter,
    /// Whether somebody has logged in to the account from here.
    known: bool,
    /// Whether somebody has logged in from here to any account.
    is_of_somebody: bool,
}

/// What an account's tries are counted by, those at its address or those of strangers.
fn guarded(who: &str, known_address: bool, network: &str) -> Counter {
    if known_address {
        Counter::login(&format!("{who}@{network}"), TRIES_OF_KNOWN)
    } else {
        Counter::login(who, TRIES_OF_STRANGERS)
    }
}

impl Counter {
    fn login(what: &str, max: i32) -> Self {
        let name = format!("login:{what}");
        Self { name, max }
    }
}

/// An address as counters name it; empty where there is none, which is nobody's known address.
fn network(address: Option<IpAddr>) -> String {
    address
        .map(|address| Network::of(address).to_string())
        .unwrap_or_default()
}

/// Remembers that the account's person is where this act comes from.
pub(crate) async fn remember_address(
    cx: &mut Changing<'_>,
    user_id: UserId,
) -> Result<(), StoreError> {
    let Some(network) = network_of(cx.origin) else {
        return Ok(());
    };
    let now = cx.now;
    let changed = sqlx::query!(
        "insert into app.known_address as k (user_id, network, last_used_at) values ($1, $2, $3)
         on conflict (user_id, network) do update set last_used_at = $3 where k.last_used_at < $4",
        user_id.0,
        network,
        now,
        now - TOUCHED_EVERY,
    )
    .execute(cx.db())
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query!(
        "delete from app.known_address where user_id = $1 and network in (
             select network from app.known_address where user_id = $1
             order by last_used_at desc, network offset $2)",
        user_id.0,
        KNOWN_MAX,
    )
    .execute(cx.db())
    .await?;
    Ok(())
}

/// A try was one too many. Told to the audit, within limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRefusedLogin {
    /// The account that was tried, if there is one of that name.
    pub user_id: Option<UserId>,
    /// Whether it came from where somebody has logged in to that account before.
    pub known_address: bool,
}

impl Change for RecordRefusedLogin {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let Telling::Told { suppressed } = RefusalMeter::count(cx).await? else {
            return Ok(Changed::nothing(()));
        };
        let refused = RefusedLogin {
            user_id: self.user_id,
            known_address: self.known_address,
            suppressed,
        };
        Ok(Changed::because((), SessionEvent::LoginRefused(refused)))
    }
}
