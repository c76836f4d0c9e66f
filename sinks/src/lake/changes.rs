//! What a commit changes in each table of the lake, less what the table holds already.

use millstream_analytics_engine::lake::{Changes, RowChange};
use millstream_analytics_engine::{Lake, LakeError, Table};
use millstream_pipelines::dataflows::lake::{
    EventRow, IntervalRow, LakeChange, MembershipRow, ProjectRow, TaskRow, TeamRow, UserRow,
};
use millstream_pipelines::sink::Effect;
use serde::Serialize;

/// The changes of each table, in the order of the log.
#[derive(Default)]
struct Sorted<'a> {
    events: Vec<RowChange<&'a EventRow>>,
    intervals: Vec<RowChange<&'a IntervalRow>>,
    tasks: Vec<RowChange<&'a TaskRow>>,
    users: Vec<RowChange<&'a UserRow>>,
    teams: Vec<RowChange<&'a TeamRow>>,
    projects: Vec<RowChange<&'a ProjectRow>>,
    members: Vec<RowChange<&'a MembershipRow>>,
}

/// The changes of a commit.
pub fn of(lake: &Lake, effects: &[Effect<LakeChange>]) -> Result<Vec<Changes>, LakeError> {
    let mut sorted = Sorted::default();
    for effect in effects {
        if !lake.holds(table_of(&effect.item), effect.seq) {
            sorted.add(&effect.item);
        }
    }
    let mut all = Vec::new();
    put(&mut all, Table::Events, sorted.events)?;
    put(&mut all, Table::TaskIntervals, sorted.intervals)?;
    put(&mut all, Table::Tasks, sorted.tasks)?;
    put(&mut all, Table::Users, sorted.users)?;
    put(&mut all, Table::Teams, sorted.teams)?;
    put(&mut all, Table::Projects, sorted.projects)?;
    put(&mut all, Table::Memberships, sorted.members)?;
    Ok(all)
}

fn put<Row: Serialize>(
    all: &mut Vec<Changes>,
    table: Table,
    changes: Vec<RowChange<Row>>,
) -> Result<(), LakeError> {
    if !changes.is_empty() {
        all.push(Changes::of(table, changes)?);
    }
    Ok(())
}

fn table_of(change: &LakeChange) -> Table {
    match change {
        LakeChange::Event(_) => Table::Events,
        LakeChange::PutInterval(_) => Table::TaskIntervals,
        LakeChange::PutTask(_) | LakeChange::RemoveTask(_) => Table::Tasks,
        LakeChange::PutUser(_) => Table::Users,
        LakeChange::PutTeam(_) | LakeChange::RemoveTeam(_) => Table::Teams,
        LakeChange::PutProject(_) | LakeChange::RemoveProject(_) => Table::Projects,
        LakeChange::PutMember(_) | LakeChange::RemoveMember { .. } => Table::Memberships,
    }
}

impl<'a> Sorted<'a> {
    fn add(&mut self, change: &'a LakeChange) {
        match change {
            LakeChange::Event(row) => self.events.push(RowChange::Put(row)),
            LakeChange::PutInterval(row) => self.intervals.push(RowChange::Put(row)),
            LakeChange::PutTask(row) => self.tasks.push(RowChange::Put(row)),
            LakeChange::RemoveTask(id) => self.tasks.push(gone(id)),
            LakeChange::PutUser(row) => self.users.push(RowChange::Put(row)),
            LakeChange::PutTeam(row) => self.teams.push(RowChange::Put(row)),
            LakeChange::RemoveTeam(id) => self.teams.push(gone(id)),
            LakeChange::PutProject(row) => self.projects.push(RowChange::Put(row)),
            LakeChange::RemoveProject(id) => self.projects.push(gone(id)),
            LakeChange::PutMember(row) => self.members.push(RowChange::Put(row)),
            LakeChange::RemoveMember { team_id, user_id } => {
                let key = vec![team_id.to_string(), user_id.to_string()];
                self.members.push(RowChange::Remove(key));
            }
        }
    }
}

fn gone<Row>(id: &impl ToString) -> RowChange<Row> {
    RowChange::Remove(vec![id.to_string()])
}
