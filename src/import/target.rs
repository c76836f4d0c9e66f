//! Who imports, and where to.

use super::ImportRequest;
use crate::roles::engine::Handle;
use crate::usage::Usage;
use anyhow::Result;
use millstream_domain::ids::{ProjectId, TeamId};
use millstream_domain::policy::{Actor, Person};
use millstream_domain::project::{ProjectKey, ProjectName};
use millstream_domain::team::TeamName;
use millstream_event_log::{Origin, Via};
use millstream_store::page::LIMIT_MAX;
use millstream_store::project::CreateProject;
use millstream_store::team::CreateTeam;
use millstream_store::{PageRequest, StoreError};

/// Who imports.
#[derive(Debug)]
pub(crate) struct Importer {
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
        Ok(Self::acting(person))
    }

    fn acting(person: Person) -> Self {
        let origin = Origin {
            actor: Some(person.id),
            via: Via::Import,
            ..Origin::default()
        };
        Self {
            actor: Actor::User(person),
            origin,
        }
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
        match handle.store.project_with_key(&importer.actor, &key).await {
            Ok(project) if project.archived => Err(Usage::because(format!(
                "the project {key} is archived: take it back first"
            ))),
            Ok(project) => Ok(Self::Project(project.id)),
            Err(StoreError::NotFound) => {
                let team = team.ok_or_else(|| {
                    Usage::because(format!(
                        "there is no project {key}: name a team with --team, and it is made there"
                    ))
                })?;
                let team_id = team_named(handle, importer, &team).await?;
                Ok(Self::Missing { key, team, team_id })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The project, made if need be; with a line that says what was made.
    pub(crate) async fn make(
        self,
        handle: &Handle,
        importer: &mut Importer,
    ) -> Result<(ProjectId, Option<String>)> {
        let (key, team, team_id) = match self {
            Self::Project(id) => return Ok((id, None)),
            Self::Missing { key, team, team_id } => (key, team, team_id),
        };
        let fresh = team_id.is_none();
        let team_id = if let Some(id) = team_id {
            id
        } else {
            let change = CreateTeam {
                actor: importer.actor.clone(),
                name: team.clone(),
                description: None,
            };
            let made = handle.store.write(&importer.origin, change).await?.output;
            importer.again(handle).await?;
            made.id
        };
        let change = CreateProject {
            actor: importer.actor.clone(),
            team_id,
            name: ProjectName::new(key.as_str())?,
            key: key.clone(),
            description: None,
        };
        let project = handle.store.write(&importer.origin, change).await?.output;
        let line = if fresh {
            format!("made the team \"{team}\" and the project {key} in it")
        } else {
            format!("made the project {key} in the team \"{team}\"")
        };
        Ok((project.id, Some(line)))
    }
}

impl Importer {
    /// With the roles that they have now.
    async fn again(&mut self, handle: &Handle) -> Result<()> {
        let Some(id) = self.actor.user_id() else {
            return Ok(());
        };
        let user = handle.store.user(id).await?;
        if let Some(person) = handle.store.person_named(&user.state.username).await? {
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
