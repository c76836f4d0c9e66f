//! API tokens: what they are called and what they may do.

use crate::field::{FieldCode, Invalid};
use crate::policy::Person;
use crate::text::{Limit, checked_text, line, words};
use crate::user::Role;
use std::collections::BTreeSet;

/// Most characters of a name: what tells a token from others.
pub const NAME_CHARS_MAX: usize = 100;

checked_text! {
    /// What somebody calls a token: one line, 1 to 100 characters.
    TokenName, |text| line(text, Limit::Chars(NAME_CHARS_MAX))
}

words! {
    /// What a token may do.
    Scope {
        /// Read.
        Read = "read",
        /// Read and change.
        Write = "write",
        /// What the role of an admin allows, if its person is one.
        Admin = "admin",
    }
}

/// All that a token may do; never nothing.
///
/// Every scope reads; `write` also changes things. `admin` keeps the role of a person who is admin, and does so for whatever
/// the others beside it allow: with `read` it reads what admins read. Alone, it brings both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// These scopes.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, Invalid> {
        let scopes: BTreeSet<_> = scopes.into_iter().collect();
        if scopes.is_empty() {
            return Err(Invalid::new(
                FieldCode::Required,
                "must name what the token may do: `read`, `write`, `admin`",
            ));
        }
        Ok(Self(scopes))
    }

    /// One after the other, the lesser first.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// Whether it may change things.
    #[must_use]
    pub fn may_change(&self) -> bool {
        let has = |scope| self.0.contains(&scope);
        has(Scope::Write) || (has(Scope::Admin) && !has(Scope::Read))
    }

    /// The person as the token stands for them: never more than they are, and an admin only with the scope for it. Without,
    /// they see all and do what their teams let them do, as managers.
    #[must_use]
    pub fn narrow(&self, person: Person) -> Person {
        let role = match person.role {
            Role::Admin if !self.0.contains(&Scope::Admin) => Role::Manager,
            role => role,
        };
        Person { role, ..person }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use std::collections::BTreeMap;

    fn scopes(words: &str) -> Scopes {
        let scopes = words.split(' ').map(|word| word.parse().expect(word));
        Scopes::new(scopes).expect(words)
    }

    #[test]
    fn only_write_changes_things_unless_admin_stands_alone() {
        for (words, changes) in [
            ("read", false),
            ("write", true),
            ("read write", true),
            ("read admin", false),
            ("write admin", true),
            ("admin", true),
        ] {
            assert_eq!(scopes(words).may_change(), changes, "{words}");
        }
        assert!(Scopes::new([]).is_err());
    }

    #[test]
    fn a_token_is_never_more_than_its_person_and_admin_only_by_scope() {
        for (words, is, becomes) in [
            ("write", Role::Admin, Role::Manager),
            ("write admin", Role::Admin, Role::Admin),
            ("admin", Role::Manager, Role::Manager),
            ("admin", Role::Member, Role::Member),
            ("read", Role::Member, Role::Member),
        ] {
            let person = Person {
                id: UserId(uuid::Uuid::nil()),
                role: is,
                teams: BTreeMap::new(),
            };
            assert_eq!(scopes(words).narrow(person).role, becomes, "{words} {is}");
        }
    }
}
