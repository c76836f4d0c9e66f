//! How the tasks that are not in the trash and not put away are spread over something.

use super::Question;
use crate::error::LakeError;
use crate::session::Session;
use serde::{Deserialize, Serialize};

/// Most rows of an answer: what somebody reads. The rest is one row.
pub const GROUPS_MAX: usize = 50;

/// Over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// How far they are.
    Status,
    /// How much they matter, of those that are to be done.
    Priority,
    /// Who works on those that are to be done; a task of two is with both.
    Assignee,
    /// The projects of those that are to be done.
    Project,
    /// The teams of those that are to be done.
    Team,
}

impl Group {
    /// All of them, by the words of the API.
    pub const ALL: [(&'static str, Self); 5] = [
        ("status", Self::Status),
        ("priority", Self::Priority),
        ("assignee", Self::Assignee),
        ("project", Self::Project),
        ("team", Self::Team),
    ];

    /// Its word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        let row = Self::ALL.iter().find(|(_, group)| *group == self);
        row.map(|(word, _)| *word).expect("all have one")
    }

    fn sql(self, scope: &str) -> String {
        let open = super::OPEN;
        match self {
            Self::Status => format!(
                "select status as value, status as label, count(*) as count from tasks
                 where trashed_at is null and not archived and {scope} group by 1, 2"
            ),
            Self::Priority => format!(
                "select priority as value, priority as label, count(*) as count from tasks
                 where {open} and {scope} group by 1, 2"
            ),
            Self::Assignee => format!(
                "with held as (
                    select unnest(case when cardinality(assignees) = 0 then [null] else assignees end) as person
                    from tasks where {open} and {scope})
                 select person as value, max(users.display_name) as label, count(*) as count
                 from held left join users on users.id = person group by 1"
            ),
            Self::Project => format!(
                "select project_id as value, max(projects.name) as label, count(*) as count
                 from (select * from tasks where {open} and {scope}) as t
                 left join projects on projects.id = t.project_id group by 1"
            ),
            Self::Team => format!(
                "select t.team_id as value, max(teams.name) as label, count(*) as count
                 from (select * from tasks where {open} and {scope}) as t
                 left join teams on teams.team_id = t.team_id group by 1"
            ),
        }
    }
}

/// Tasks of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The word or the id; none for those without.
    pub value: Option<String>,
    /// What it is called.
    pub label: Option<String>,
    /// How many.
    pub count: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// The largest first.
    pub groups: Vec<Share>,
    /// How many are in groups that are not listed.
    pub others: u64,
}

/// Asks.
pub async fn ask(
    session: &Session,
    question: &Question,
    group: Group,
) -> Result<Distribution, LakeError> {
    let grouped = group.sql(&question.scope.condition());
    let sql = format!("select * from ({grouped}) order by count desc, value nulls last");
    let mut groups: Vec<Share> = session.rows(&sql).await?;
    let rest = groups.split_off(groups.len().min(GROUPS_MAX));
    Ok(Distribution {
        groups,
        others: rest.iter().map(|share| share.count).sum(),
    })
}
