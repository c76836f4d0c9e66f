//! `--demo`: a team at work, to look at: people, projects, tasks, comments, and the three weeks in which all that came
//! about.
//!
//! [`story`] says what happened and [`timeline`] when. It is written through the same one write path as everything else,
//! with the clock set back, so that history, activity, notifications and audit are what they would have been.

mod story;
mod timeline;

use crate::data_dir::DataDir;
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use millstream_domain::clock::Clock;
use millstream_domain::ids::{ProjectId, TeamId, UserId};
use millstream_domain::policy::Actor;
use millstream_domain::team::TeamRole;
use millstream_event_log::{Origin, Via};
use millstream_ingest_api::auth::password;
use millstream_store::project::CreateProject;
use millstream_store::tag::CreateTag;
use millstream_store::team::{CreateTeam, PutMember};
use millstream_store::user::Register;
use millstream_store::{Change, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use story::{PEOPLE, PROJECTS, Person, TAG_COLORS, TEAM, TEAM_PURPOSE};

/// Whom to log in as: the admin of the demo.
pub(crate) const ADMIN: &str = PEOPLE[0].username;

/// Fills a fresh installation. Everybody's password is the one in the data folder.
pub(crate) async fn fill(store: &Store, data: &DataDir) -> Result<()> {
    let password = data.demo_password()?;
    let hash = tokio::task::spawn_blocking(move || password::hash(&password))
        .await?
        .context("the demo's password")?;
    let mut stage = Stage::new(store);
    for person in &PEOPLE {
        stage.register(person, &hash).await?;
    }
    let team = stage.found_team().await?;
    stage.start_projects(team).await?;
    stage.colour_tags(team).await?;
    timeline::play(&mut stage)
        .await
        .context("the demo's history")
}

/// Where the story is set: who and what there is so far, and what time it is.
struct Stage<'a> {
    store: &'a Store,
    /// When the story ends.
    now: DateTime<Utc>,
    people: BTreeMap<&'static str, Actor>,
    projects: BTreeMap<&'static str, ProjectId>,
}

/// A clock that shows when a step of the story happened.
#[derive(Debug)]
struct Then(DateTime<Utc>);

impl Clock for Then {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

impl<'a> Stage<'a> {
    fn new(store: &'a Store) -> Self {
        Self {
            store,
            now: store.clock().now(),
            people: BTreeMap::new(),
            projects: BTreeMap::new(),
        }
    }

    /// Writes what somebody did at some time.
    async fn act<C: Change>(&self, by: &Actor, at: DateTime<Utc>, change: C) -> Result<C::Output> {
        let origin = Origin {
            actor: by.user_id(),
            via: Via::Session,
            ..Origin::default()
        };
        let store = self.store.with_clock(Arc::new(Then(at)));
        Ok(store.write(&origin, change).await?.output)
    }

    /// When the team came together.
    fn start(&self) -> DateTime<Utc> {
        self.now - timeline::LENGTH
    }

    fn person(&self, username: &str) -> &Actor {
        &self.people[username]
    }

    fn user_id(&self, username: &str) -> UserId {
        let id = self.person(username).user_id();
        id.expect("everybody of the story has an account")
    }

    async fn register(&mut self, person: &Person, hash: &str) -> Result<()> {
        let register = Register {
            username: person.username.parse()?,
            email: format!("{}@example.org", person.username).parse()?,
            display_name: Some(person.display_name.parse()?),
            password_hash: hash.to_owned(),
            has_setup_secret: true,
        };
        self.act(&Actor::Anonymous, self.start(), register).await?;
        self.meet(person.username).await
    }

    /// Looks up who somebody is now, with all their roles.
    async fn meet(&mut self, username: &'static str) -> Result<()> {
        let found = self.store.person_named(username).await?;
        let person = found.context("somebody of the story has no account")?;
        self.people.insert(username, Actor::User(person));
        Ok(())
    }

    async fn found_team(&mut self) -> Result<TeamId> {
        let founder = self.person(ADMIN).clone();
        let team = CreateTeam {
            actor: founder.clone(),
            name: TEAM.parse()?,
            description: Some(TEAM_PURPOSE.parse()?),
        };
        let team = self.act(&founder, self.start(), team).await?.id;
        self.meet(ADMIN).await?;
        for person in &PEOPLE[1..] {
            self.join(team, person.username, person.role).await?;
        }
        Ok(team)
    }

    async fn join(&mut self, team: TeamId, username: &'static str, role: TeamRole) -> Result<()> {
        let founder = self.person(ADMIN).clone();
        let member = PutMember {
            actor: founder.clone(),
            team_id: team,
            user_id: self.user_id(username),
            role,
            expected_version: None,
        };
        self.act(&founder, self.start(), member).await?;
        self.meet(username).await
    }

    async fn colour_tags(&self, team_id: TeamId) -> Result<()> {
        let founder = self.person(ADMIN).clone();
        for (name, color) in TAG_COLORS {
            let tag = CreateTag {
                actor: founder.clone(),
                team_id,
                name: name.parse()?,
                color: color.parse()?,
            };
            self.act(&founder, self.start(), tag).await?;
        }
        Ok(())
    }

    async fn start_projects(&mut self, team_id: TeamId) -> Result<()> {
        let founder = self.person(ADMIN).clone();
        for project in &PROJECTS {
            let change = CreateProject {
                actor: founder.clone(),
                team_id,
                key: project.key.parse()?,
                name: project.name.parse()?,
                description: Some(project.purpose.parse()?),
                archived: false,
            };
            let made = self.act(&founder, self.start(), change).await?;
            self.projects.insert(project.key, made.id);
        }
        Ok(())
    }
}
