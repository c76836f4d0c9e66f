//! Teams: the circle inside which things are visible.

use crate::text::{Limit, block, checked_text, line, words};

/// Most characters of a name: what a line of a list has room for.
pub const NAME_CHARS_MAX: usize = 80;

checked_text! {
    /// A team's name: one line, 1 to 80 characters.
    TeamName, |text| line(text, Limit::Chars(NAME_CHARS_MAX))
}

checked_text! {
    /// What a team or a project is for: up to 4 KiB of markdown.
    Purpose, |text| block(text, Limit::Bytes(4 * 1024))
}

words! {
    /// What somebody is in a team. The order is the order of power.
    TeamRole {
        /// Reads.
        Viewer = "viewer",
        /// Writes tasks and comments.
        Member = "member",
        /// Also projects, tags, templates, webhooks, and members below owner.
        Maintainer = "maintainer",
        /// Also roles and the team's deletion.
        Owner = "owner",
    }
}

#[cfg(test)]
mod tests {
    use super::TeamRole;

    #[test]
    fn roles_are_ordered_by_power() {
        assert!(TeamRole::ALL.is_sorted());
        assert!(TeamRole::Viewer < TeamRole::Owner);
    }
}
