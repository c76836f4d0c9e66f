//! Who asks, and whose things they ask about.

/// Who asks. The stranger owns the other team; manager and admin are in neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Anonymous,
    Stranger,
    Viewer,
    Member,
    Maintainer,
    Owner,
    Manager,
    Admin,
}

impl Who {
    pub(super) const ALL: [Self; 8] = [
        Self::Anonymous,
        Self::Stranger,
        Self::Viewer,
        Self::Member,
        Self::Maintainer,
        Self::Owner,
        Self::Manager,
        Self::Admin,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Stranger => "stranger",
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Maintainer => "maintainer",
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// Whether they have a role in the first team.
    pub(super) fn is_at_home(self) -> bool {
        (Self::Viewer..=Self::Owner).contains(&self)
    }

    pub(super) fn username(self) -> &'static str {
        match self {
            Self::Stranger => "abroad-owner",
            Self::Viewer => "hearth-viewer",
            Self::Member => "hearth-member",
            Self::Maintainer => "hearth-maintainer",
            Self::Owner => "hearth-owner",
            Self::Anonymous | Self::Manager | Self::Admin => self.as_str(),
        }
    }
}

/// Whose thing an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    /// The first team's; of what is personal, one's own.
    Home,
    /// Another one of the first team's.
    Sibling,
    /// The other team's; of what is personal, somebody else's.
    Away,
    /// Nobody's: there is no such thing.
    Absent,
}
