//! Who is in the house before anything is done: people, their teams, and the projects of these.

use super::{PEOPLE, PROJECTS, TEAMS, Teller};
use millstream_domain::ids::{ProjectId, TeamId, UserId};
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use millstream_event_log::events::member::Membership;
use millstream_event_log::events::project::{ProjectAlone, ProjectState};
use millstream_event_log::events::team::TeamAlone;
use millstream_event_log::events::user::UserAlone;
use millstream_event_log::events::{MemberEvent, Payload, ProjectEvent, TeamEvent, UserEvent};

impl Teller {
    pub(super) fn people(&mut self) {
        let UserEvent::Registered(UserAlone { user: blank }) = UserEvent::samples().swap_remove(0)
        else {
            panic!("another sample");
        };
        for n in 0..PEOPLE {
            let mut user = blank.clone();
            user.id = UserId(self.id());
            user.username = name_of(n);
            user.display_name = format!("Person {n}");
            user.role = if n == 0 { Role::Admin } else { Role::Member };
            self.people.push(user.id);
            self.say(user.id, UserEvent::Registered(UserAlone { user }));
        }
    }

    pub(super) fn teams(&mut self) {
        let admin = self.people[0];
        let blank = TeamEvent::samples()[0].team().clone();
        for n in 0..TEAMS {
            let mut team = blank.clone();
            (team.id, team.name) = (TeamId(self.id()), format!("Team {n}"));
            let team_id = team.id;
            self.say(admin, TeamEvent::Created(TeamAlone { team }));
            // Everybody is in one team, and every fourth in another one as well.
            let members =
                (0..PEOPLE).filter(|p| p % TEAMS == n || (p % 4 == 1 && p / 5 % TEAMS == n));
            let members: Vec<_> = members.collect();
            for person in &members {
                let membership = Membership {
                    team_id,
                    user_id: self.people[*person],
                    username: name_of(*person),
                    role: TeamRole::Member,
                    role_before: None,
                };
                self.say(admin, MemberEvent::Added(membership));
            }
            self.teams.push((team_id, members));
        }
        let blank = ProjectEvent::samples()[0].project().clone();
        for n in 0..PROJECTS {
            let team = n % TEAMS;
            let project = ProjectState {
                id: ProjectId(self.id()),
                key: format!("P{n}"),
                name: format!("Project {n}"),
                team_id: self.teams[team].0,
                ..blank.clone()
            };
            self.projects.push((project.id, team));
            self.say(admin, ProjectEvent::Created(ProjectAlone { project }));
        }
    }
}

/// What somebody logs in with.
pub(super) fn name_of(person: usize) -> String {
    format!("person{person}")
}
