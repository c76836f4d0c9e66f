//! The policy: every act, and what it asks of whoever wants to do it. The comment above a row is its line in
//! `docs/PERMISSIONS.md`, where each row stands with what it means for each role.
//!
//! To add an act: a row, under the heading of what it is done to. Then `cargo xtask accept -p millstream-domain` writes
//! the document; read the difference.

use crate::team::TeamRole::{self, Maintainer, Member, Owner};

/// What a row of the table asks for. Admins have it all, so no need names them beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To be logged in.
    LoggedIn,
    /// To see the team: any role in it, or manager.
    SeeTeam,
    /// At least this role in the team.
    TeamRole(TeamRole),
    /// To have written it, and still be at least member.
    Author,
    /// To have written it (and still be at least member), or at least this role in the team.
    AuthorOr(TeamRole),
    /// To be admin.
    Admin,
    /// It must be one's own, or one is admin; to others it does not exist.
    OwnOrAdmin,
}

macro_rules! table {
    ($($room:literal { $($(#[doc = $about:literal])+ $action:ident: $need:expr;)+ })+) => {
        /// Everything that can be asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action { $($($(#[doc = $about])+ $action,)+)+ }

        /// The policy, row by row.
        pub const TABLE: &[(Action, Need)] = &[$($((Action::$action, $need),)+)+];

        impl Action {
            /// What the act asks for.
            #[must_use]
            pub fn need(self) -> Need {
                match self { $($(Self::$action => $need,)+)+ }
            }

            /// What it is done to: the heading that its row stands under.
            #[must_use]
            pub fn room(self) -> &'static str {
                match self { $($(Self::$action => $room,)+)+ }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $($(Self::$action => concat!($($about),+).trim_ascii(),)+)+ }
            }
        }
    };
}

table! {
    "People" {
        /// List people (which ones, the query decides).
        ListUsers: Need::LoggedIn;
        /// Create, change, deactivate people.
        AdministerUsers: Need::Admin;
    }
    "Teams" {
        /// Create a team; one owns what one creates.
        CreateTeam: Need::LoggedIn;
        /// See a team, its members, projects, tags, tasks and comments, and their history.
        ReadTeam: Need::SeeTeam;
        /// Change a team's name and description.
        EditTeam: Need::TeamRole(Maintainer);
        /// Add, change and remove members below owner. Everybody may leave.
        ManageMembers: Need::TeamRole(Maintainer);
        /// Make and unmake owners.
        ManageOwners: Need::TeamRole(Owner);
        /// Delete a team.
        DeleteTeam: Need::TeamRole(Owner);
    }
    "Projects" {
        /// Create, change, archive and delete projects.
        ManageProjects: Need::TeamRole(Maintainer);
    }
    "Tags" {
        /// Create, rename, colour and delete tags. Who writes tasks makes tags by using names that are new.
        ManageTags: Need::TeamRole(Maintainer);
    }
    "Tasks" {
        /// Create, change, assign, move, archive and delete tasks.
        WriteTasks: Need::TeamRole(Member);
        /// Watch a task, and stop watching it.
        WatchTasks: Need::SeeTeam;
        /// Remove a task for ever.
        PurgeTasks: Need::Admin;
    }
    "Comments" {
        /// Write a comment.
        WriteComments: Need::TeamRole(Member);
        /// Change a comment's text.
        EditComment: Need::Author;
        /// Delete a comment.
        DeleteComment: Need::AuthorOr(Maintainer);
    }
    "Reports" {
        /// Order a report as a file: of what one sees when it is made.
        OrderReports: Need::LoggedIn;
        /// See a report, download its file, delete it.
        ReadReport: Need::OwnOrAdmin;
    }
    "The system" {
        /// Read the whole audit.
        ReadAudit: Need::Admin;
        /// See which keys tokens are signed with. What others check tokens with is public.
        ReadKeys: Need::Admin;
        /// See how far each pipeline is.
        ReadPipelines: Need::LoggedIn;
        /// See what pipelines refused, retry it, and rebuild pipelines.
        OperatePipelines: Need::Admin;
        /// See a job and what came of it.
        ReadJob: Need::OwnOrAdmin;
        /// List all jobs, try one again, call one off.
        OperateJobs: Need::Admin;
        /// Say what is done again and again, and when.
        ManageSchedules: Need::Admin;
    }
}
