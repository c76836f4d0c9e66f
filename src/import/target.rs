//! Who imports, and where to.

use super::ImportRequest;
use crate::roles::engine::Handle;
use crate::usage::Usage;
use anyhow::{Context, Result};
use millstream_domain::ids::{ProjectId, TeamId};
use millstream_domain::policy::{self, Action, Actor, Person, Refusal, decide};
use millstream_domain::project::{ProjectKey, ProjectName};
use millstream_domain::team::TeamName;
use millstream_event_log::{Origin, Via};
use millstream_store::page::LIMIT_MAX;
use millstream_store::project::CreateProject;
use millstream_store::team::{CreateTeam, DeleteTeam};
use millstream_store::{PageRequest, StoreError};

/// Who imports.
#[derive(Debug)]
pub(crate) struct Importer {
    /// Their username.
    name: String,
    pub(crate) actor: Actor,
    pub(crate) origin: Origin,
}

/// Where the tasks go.
#[derive(Debug)]
pub(crate) enum Target {
    /// A project that exists.
    Project(ProjectId),
    /// One that has to be made, in a team that exists or has to be made, too.
    Missing {
        key: ProjectKey,
        team: TeamName,
        team_id: Option<TeamId>,
    },
}

impl Importer {
    /// The user that the request names, else the first admin.
    pub(crate) async fn of(handle: &Handle, request: &ImportRequest) -> Result<Self> {
        let person = match &request.acting {
            Some(name) => {
                let name = name.trim().to_lowercase();
                handle.store.person_named(&name).await?.ok_or_else(|| {
                    Usage::because(format!("--as {name}: there is no active user of that name"))
                })?
            }
            None => handle.store.first_admin().await?.ok_or_else(|| {
                Usage::because(
                    "nobody has registered yet, so there is nobody to import as: start `millstream`, register, and import then",
                )
            })?,
        };
        let user = handle.store.user(person.id).await?;
        Ok(Self::acting(person, user.state.username))
    }

    fn acting(person: Person, name: String) -> Self {
        let origin = Origin {
            actor: Some(person.id),
            via: Via::Import,
            ..Origin::default()
        };
        Self {
            name,
            actor: Actor::User(person),
            origin,
        }
    }

    /// What they would have to be allowed to do. To whoever may run this command nothing is hidden, so it is named.
    fn may_not(&self, what: &str) -> anyhow::Error {
        let name = &self.name;
        Usage::because(format!(
            "--as {name}: {name} {what}: give them a role that may, or import as somebody else"
        ))
    }
}

impl Target {
    /// The project of the request, if the importer sees it; what to make, if there is none and the request names a team.
    pub(crate) async fn of(
        handle: &Handle,
        importer: &Importer,
        request: &ImportRequest,
    ) -> Result<Self> {
        let key = ProjectKey::new(&request.project)
            .map_err(|error| Usage::because(format!("--project {}: {error}", request.project)))?;
        let team = match &request.team {
            None => None,
            Some(name) => Some(
                TeamName::new(name)
                    .map_err(|error| Usage::because(format!("--team {name}: {error}")))?,
            ),
        };
        // As everybody sees it: that the importer does not is to be told, and not taken for a project that is missing.
        let project = match handle.store.project_with_key(&Actor::System, &key).await {
            Ok(project) => project,
            Err(StoreError::NotFound) => {
                let team = team.ok_or_else(|| {
                    Usage::because(format!(
                        "there is no project {key}: name a team with --team, and it is made there"
                    ))
                })?;
                let team_id = team_named(handle, importer, &team).await?;
                return Ok(Self::Missing { key, team, team_id });
            }
            Err(error) => return Err(error.into()),
        };
        let owner = handle.store.team(&Actor::System, project.team_id).await?;
        match decide(
            &importer.actor,
            Action::WriteTasks,
            policy::Target::team(project.team_id),
        ) {
            Ok(()) => {}
            Err(Refusal::Forbidden) => {
                let what = format!("sees the project {key}, but may not write tasks in it");
                return Err(importer.may_not(&what));
            }
            Err(Refusal::Hidden | Refusal::Unauthenticated) => {
                return Err(importer.may_not(&format!("does not see the project {key}")));
            }
        }
        if let Some(team) = team.filter(|team| team.as_str() != owner.name) {
            return Err(Usage::because(format!(
                "--team {team}: the project {key} is there already, in the team \"{}\": leave --team out, or choose another key",
                owner.name
            )));
        }
        if project.archived {
            return Err(Usage::because(format!(
                "the project {key} is archived: take it back first"
            )));
        }
        Ok(Self::Project(project.id))
    }

    /// The project, made if need be; with a line that says what was made. Somebody else may have made it since we looked:
    /// then it is theirs that the tasks go to.
    pub(crate) async fn make(
        self,
        handle: &Handle,
        importer: &mut Importer,
        request: &ImportRequest,
    ) -> Result<(ProjectId, Option<String>)> {
        let (key, team, team_id) = match self {
            Self::Project(id) => return Ok((id, None)),
            Self::Missing { key, team, team_id } => (key, team, team_id),
        };
        let fresh = match team_id {
            Some(_) => None,
            None => Some(found(handle, importer, &team).await?),
        };
        let change = CreateProject {
            actor: importer.actor.clone(),
            team_id: team_id.or(fresh).context("a team is there or was made")?,
            name: ProjectName::new(key.as_str())?,
            key: key.clone(),
            description: None,
            archived: false,
        };
        match handle.store.write(&importer.origin, change).await {
            Ok(made) => {
                let line = match fresh {
                    Some(_) => format!("made the team \"{team}\" and the project {key} in it"),
                    None => format!("made the project {key} in the team \"{team}\""),
                };
                Ok((made.output.id, Some(line)))
            }
            Err(StoreError::Taken { .. }) => {
                if let Some(team) = fresh {
                    let change = DeleteTeam {
                        actor: importer.actor.clone(),
                        id: team,
                        expected_version: None,
                    };
                    match handle.store.write(&importer.origin, change).await {
                        // Whoever was faster may have found our team and made the project there: then it is needed.
                        Ok(_) | Err(StoreError::Conflict(_)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                taken_meanwhile(handle, importer, request, &key).await
            }
            // Whoever made the team has taken it away again, because the project was there by then.
            Err(StoreError::NotFound | StoreError::Fields(_) | StoreError::Conflict(_))
                if fresh.is_none() =>
            {
                match Self::of(handle, importer, request).await? {
                    Self::Project(id) => Ok((id, None)),
                    Self::Missing { .. } => Err(Usage::because(format!(
                        "the team \"{team}\" was deleted meanwhile: try again"
                    ))),
                }
            }
            Err(StoreError::Refused(_)) => {
                let what = format!("may not make the project {key} in the team \"{team}\"");
                Err(importer.may_not(&what))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The project that somebody else made while we were about to.
async fn taken_meanwhile(
    handle: &Handle,
    importer: &Importer,
    request: &ImportRequest,
    key: &ProjectKey,
) -> Result<(ProjectId, Option<String>)> {
    match Target::of(handle, importer, request).await? {
        Target::Project(id) => Ok((id, None)),
        Target::Missing { .. } => Err(Usage::because(format!(
            "--project {key}: the key is taken, because tasks that were in a project of that key still answer to their old \
             names: choose another"
        ))),
    }
}

/// A new team of this name, which the importer owns.
async fn found(handle: &Handle, importer: &mut Importer, name: &TeamName) -> Result<TeamId> {
    let change = CreateTeam {
        actor: importer.actor.clone(),
        name: name.clone(),
        description: None,
    };
    let made = handle.store.write(&importer.origin, change).await?.output;
    importer.again(handle).await?;
    Ok(made.id)
}

impl Importer {
    /// With the roles that they have now.
    async fn again(&mut self, handle: &Handle) -> Result<()> {
        if let Some(person) = handle.store.person_named(&self.name).await? {
            self.actor = Actor::User(person);
        }
        Ok(())
    }
}

/// The one team of this name that the importer sees; `None` if there is none.
async fn team_named(
    handle: &Handle,
    importer: &Importer,
    name: &TeamName,
) -> Result<Option<TeamId>> {
    let mut found = Vec::new();
    let mut page = PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    };
    loop {
        let teams = handle.store.teams(&importer.actor, &page).await?;
        found.extend(
            teams
                .items
                .iter()
                .filter(|team| team.name == name.as_str())
                .map(|team| team.id),
        );
        match teams.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    if found.len() > 1 {
        return Err(Usage::because(format!(
            "--team {name}: there are {} teams of that name; make the project in one of them first",
            found.len()
        )));
    }
    Ok(found.pop())
}
