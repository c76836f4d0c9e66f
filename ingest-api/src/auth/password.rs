//! Passwords: argon2id with the parameters that the crate recommends (OWASP: 19 MiB, two passes), never on an async
//! thread, and only a few at once, because each takes memory and tens of milliseconds.

use crate::error::ApiError;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use millstream_domain::password::spelled;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes at work at once: 4 × 19 MiB is what a small machine can spare, and more would not be faster on its cores.
const HASHES_AT_ONCE: usize = 4;
/// Hashes that may wait: at some 30 ms each the last waits half a second. Beyond that, log-ins are turned away.
const HASHES_WAITING_MAX: usize = 64;

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    at_work: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// With all places free.
    #[must_use]
    pub fn new() -> Self {
        Self {
            at_work: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            waiting: Arc::new(Semaphore::new(HASHES_AT_ONCE + HASHES_WAITING_MAX)),
        }
    }

    /// The hash of a password, in PHC form.
    pub(crate) async fn hash(&self, password: String) -> Result<String, ApiError> {
        let hash = self.run(move || hash(&password)).await?;
        hash.map_err(ApiError::internal)
    }

    /// Whether the password is the one of this hash. Without a hash it takes as long and says no, so that nobody learns
    /// from the time which accounts there are.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, ApiError> {
        self.run(move || {
            let known = hash.is_some();
            verify(&password, hash.as_deref().unwrap_or(NOBODY)) && known
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::unavailable("too many log-ins at once");
        // Both permits go into the work: a client that hangs up does not make room for more than the limit.
        let place = Arc::clone(&self.waiting)
            .try_acquire_owned()
            .map_err(|_| busy())?;
        let turn = Arc::clone(&self.at_work)
            .acquire_owned()
            .await
            .map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((place, turn));
            done
        });
        done.await.map_err(ApiError::internal)
    }
}

/// A hash that no password has, made with the parameters of all others: checking it takes the same time. All zero bytes,
/// which no run of argon2 yields.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a hash was made with other parameters than are used now.
pub(crate) fn is_outdated(hash: &str) -> bool {
    parameters(hash) != parameters(NOBODY)
}

/// Algorithm, version and cost: what stands in a hash before its salt.
fn parameters(hash: &str) -> Vec<&str> {
    hash.split('$').take(4).collect()
}

/// The hash of a password, in its one spelling, in PHC form. Takes tens of milliseconds: for commands, not for async threads.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default()
        .hash_password(spelled(password).as_bytes())?
        .to_string())
}

fn verify(password: &str, hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else {
        return false;
    };
    Argon2::default()
        .verify_password(spelled(password).as_bytes(), &parsed)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let made = hash("correct horse").expect("argon2 hashes");
        assert!(verify("correct horse", &made));
        assert!(!verify("correct house", &made));
    }

    #[test]
    fn a_password_fits_however_its_letters_were_put_together() {
        let made = hash("pa\u{308}sswo\u{308}rter").expect("argon2 hashes");
        assert!(verify("p\u{e4}ssw\u{f6}rter", &made));
    }

    #[test]
    fn a_hash_of_other_parameters_is_outdated() {
        let made = hash("x").expect("argon2 hashes");
        assert!(!is_outdated(&made));
        assert!(is_outdated(&made.replace("t=2", "t=1")));
        assert!(is_outdated(&made.replace("argon2id", "argon2i")));
    }

    #[test]
    fn the_hash_of_nobody_has_the_parameters_of_all_others() {
        let made = hash("x").expect("argon2 hashes");
        assert_eq!(parameters(NOBODY), parameters(&made));
        assert!(
            PasswordHash::new(NOBODY)
                .is_ok_and(|p| p.hash.is_some_and(|h| h.as_bytes().len() == 32))
        );
        assert!(!verify("", NOBODY));
    }

    #[tokio::test]
    async fn beyond_the_limit_log_ins_are_turned_away() {
        let passwords = Passwords::new();
        let all = passwords
            .waiting
            .try_acquire_many(u32::try_from(HASHES_AT_ONCE + HASHES_WAITING_MAX).expect("small"));
        assert!(all.is_ok());
        let refused = passwords.verify("x".into(), None).await;
        assert!(refused.is_err_and(|e| e.code == crate::problem::Code::Unavailable));
    }
}
