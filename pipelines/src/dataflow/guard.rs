//! Containing panics of operators: a panic in one record's processing is a refusal of that record.

use crate::operator::Reject;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `work`; a panic becomes a [`Reject`]. The caller discards whatever `work` may have left half done.
pub(crate) fn contained<T>(work: impl FnOnce() -> Result<T, Reject>) -> Result<T, Reject> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Reject(format!("panicked: {}", message(&*panic)))))
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_refusal_that_says_what_was_said() {
        let answer: Result<(), _> = contained(|| panic!("no such {}", "thing"));
        assert_eq!(answer, Err(Reject("panicked: no such thing".into())));
        assert_eq!(contained(|| Ok(7)), Ok(7));
    }
}
