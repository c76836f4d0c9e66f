//! Two teams that know nothing of each other, the people who ask, and the things that they ask about.
//!
//! Everything of the one team has "hearth" in its name, everything of the other "abroad": so an answer that shows what it
//! must not can be told by its text.

use super::who::{Of, Who};
use crate::app::{Browser, TestApp, User};
use millstream_store::job::enqueue::enqueue;
use millstream_store::job::{JobArgs, NewJob};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The name of everything of the first team, and of the other.
pub(super) const HEARTH: &str = "hearth";
pub(super) const ABROAD: &str = "abroad";
/// What is personal: whose it is decides, not the team.
pub(super) const PERSONAL: [&str; 5] = ["session", "token", "notification", "job", "report"];
/// An id that nothing has.
const ABSENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_dead_dead);

/// A key that no project has.
const ABSENT_KEY: &str = "ABSENT";

/// The app, with everybody and everything in it; its views are kept, and stand still.
pub(super) struct World {
    pub(super) app: TestApp,
    people: BTreeMap<Who, User>,
    browsers: BTreeMap<Who, Browser>,
    things: BTreeMap<(Of, &'static str), String>,
    personal: BTreeMap<(Who, &'static str), String>,
}

impl World {
    pub(super) async fn new() -> Self {
        let app = TestApp::with_lake().await;
        let mut people = BTreeMap::new();
        for who in Who::ALL.into_iter().rev() {
            // The first to come is the admin.
            if who != Who::Anonymous {
                people.insert(who, app.user(who.username()).await);
            }
        }
        let mut world = Self {
            app,
            people,
            browsers: BTreeMap::new(),
            things: BTreeMap::new(),
            personal: BTreeMap::new(),
        };
        world.promote().await;
        world.add_team(Of::Home, HEARTH, "HOM", Who::Owner).await;
        world.add_team(Of::Away, ABROAD, "AWY", Who::Stranger).await;
        world.add_siblings().await;
        world.add_nomad().await;
        world.settle().await;
        world.add_personal().await;
        for who in Who::ALL {
            if who != Who::Anonymous {
                let browser = world.app.browser(who.username()).await;
                world.browsers.insert(who, browser);
            }
        }
        world
    }

    /// Whoever asks, with their log-in.
    pub(super) fn user(&self, who: Who) -> Option<&User> {
        self.people.get(&who)
    }

    /// Whoever asks, with their browser.
    pub(super) fn browser(&self, who: Who) -> Option<&Browser> {
        self.browsers.get(&who)
    }

    /// The id of a thing, for whoever asks.
    pub(super) fn id(&self, who: Who, thing: &str, of: Of) -> String {
        let personal = |whose| {
            self.personal
                .iter()
                .find(|((w, t), _)| *w == whose && *t == thing)
        };
        let found = match (PERSONAL.contains(&thing), of) {
            (_, Of::Absent) => None,
            (true, Of::Home) => personal(who).map(|(_, id)| id),
            (true, _) if who == Who::Maintainer => personal(Who::Member).map(|(_, id)| id),
            (true, _) => personal(Who::Maintainer).map(|(_, id)| id),
            (false, of) => Some(self.thing(thing, of)),
        };
        found.cloned().unwrap_or_else(|| match thing {
            "task_name" => format!("{ABSENT_KEY}-1"),
            "project_key" => ABSENT_KEY.to_owned(),
            _ => ABSENT.to_string(),
        })
    }

    fn thing(&self, thing: &str, of: Of) -> &String {
        let found = self
            .things
            .iter()
            .find(|((o, t), _)| *o == of && *t == thing);
        found.map_or_else(
            || panic!("there is no {thing} of {of:?}: make one in permission/world.rs"),
            |(_, id)| id,
        )
    }

    /// Every id of a team's things, the people in it included.
    pub(super) fn ids(&self, of: Of) -> impl Iterator<Item = &str> {
        let is_in_it = move |who: Who| match of {
            Of::Home => who.is_at_home(),
            _ => of == Of::Away && who == Who::Stranger,
        };
        let people = self.people.iter().filter(move |(who, _)| is_in_it(**who));
        // A key is three letters, which may stand anywhere.
        let things = self
            .things
            .iter()
            .filter(move |((o, thing), _)| *o == of && *thing != "project_key");
        let things = things.map(|(_, id)| id.as_str());
        things.chain(people.map(|(_, user)| user.id.as_str()))
    }

    fn by(&self, who: Who) -> &User {
        &self.people[&who]
    }

    async fn promote(&self) {
        let path = format!("/users/{}", self.by(Who::Manager).id);
        let promote = self.app.patch(&path, json!({"role": "manager"}));
        promote.by(self.by(Who::Admin)).send().await.expect(200);
    }

    async fn create(&self, who: Who, path: &str, body: Value) -> String {
        let answer = self.app.post(path, body).by(self.by(who)).send().await;
        answer.expect(201).id()
    }

    /// A team with one of everything in it.
    async fn add_team(&mut self, of: Of, name: &'static str, key: &str, owner: Who) {
        let team = self.app.team(self.by(owner), name).await;
        let mate = self.app.user(&format!("{name}-mate")).await;
        self.app
            .member(self.by(owner), &team, &mate, "member")
            .await;
        let mut writer = owner;
        if of == Of::Home {
            for who in [Who::Viewer, Who::Member, Who::Maintainer] {
                self.app
                    .member(self.by(owner), &team, self.by(who), who.as_str())
                    .await;
            }
            writer = Who::Member;
        }
        let body = json!({"team_id": team, "key": key, "name": name});
        let project = self.create(owner, "/projects", body).await;
        let body = json!({
            "project_id": project, "title": name, "tags": [name],
            "assignees": [{"user_id": mate.id}],
        });
        let task = self.create(writer, "/tasks", body).await;
        let task_name = format!("{key}-1");
        let path = format!("/tasks/{task}/comments");
        let comment = self.create(writer, &path, json!({"body": name})).await;
        // So that everybody has a notification.
        let mentions = match of {
            Of::Home => "@hearth-viewer @hearth-member @hearth-maintainer @hearth-owner",
            _ => "@abroad-owner",
        };
        let call = self
            .app
            .post(&path, json!({"body": format!("{name} {mentions}")}));
        call.by(&mate).send().await.expect(201);
        let tags = self
            .app
            .get(&format!("/tags?team={team}"))
            .by(self.by(owner))
            .send()
            .await;
        let tag = tags.expect(200).each("id").pop().unwrap();
        let things = [
            ("team", team),
            ("user", mate.id),
            ("project", project),
            ("project_key", key.to_owned()),
            ("task", task),
            ("task_name", task_name),
            ("comment", comment),
            ("tag", tag),
        ];
        self.things
            .extend(things.map(|(thing, id)| ((of, thing), id)));
        let body = json!({"name": name, "kind": "empty_trash", "every_s": 86_400});
        let schedule = self.create(Who::Admin, "/schedules", body).await;
        self.things.insert((of, "schedule"), schedule);
    }

    /// More of the first team's, and another team of the same owner.
    async fn add_siblings(&mut self) {
        let project = self.thing("project", Of::Home).clone();
        let body = json!({"project_id": project, "title": HEARTH});
        let task = self.create(Who::Member, "/tasks", body).await;
        let team = self.thing("team", Of::Home).clone();
        let body = json!({"team_id": team, "key": "SIB", "name": HEARTH});
        let project = self.create(Who::Owner, "/projects", body).await;
        let team = self.app.team(self.by(Who::Owner), HEARTH).await;
        let things = [("team", team), ("project", project), ("task", task)];
        self.things
            .extend(things.map(|(thing, id)| ((Of::Sibling, thing), id)));
    }

    /// Somebody without a team, whom everybody may log in as.
    async fn add_nomad(&mut self) {
        let nomad = self.app.user(super::samples::NOMAD).await;
        self.things
            .insert((Of::Home, "nomads_refresh_token"), nomad.refresh_token);
    }

    /// Lets the views see all of it, and stops them there.
    async fn settle(&mut self) {
        let path = format!("/tasks/{}", self.thing("task", Of::Sibling));
        let admin = self.by(Who::Admin);
        let last = self.app.patch(&path, json!({"priority": "high"})).by(admin);
        let last = last.send().await.expect(200);
        for view in [
            "/activity",
            "/audit",
            "/notifications",
            "/search",
            "/analytics/dashboard",
        ] {
            let read = self.app.get(view).by(admin).after(&last);
            read.send().await.expect(200);
        }
        self.app.halt().await;
        self.add_refused().await;
    }

    /// Records that a pipeline has refused, and two pipelines that have halted.
    async fn add_refused(&self) {
        for statement in [
            "insert into stream.dead_letter (pipeline, seq, key, error, at)
             select 'activity', seq, key::text, 'it cannot be read', at from stream.log where seq <= 4",
            "update stream.pipeline set state = 'halted' where name in ('audit', 'search')",
        ] {
            sqlx::query(statement)
                .execute(self.app.store.pool())
                .await
                .unwrap();
        }
    }

    /// What everybody has of their own.
    async fn add_personal(&mut self) {
        for (who, user) in &self.people {
            let token = json!({"name": "mine", "scopes": ["read"]});
            let token = self.app.post("/auth/tokens", token).by(user).send().await;
            self.personal
                .insert((*who, "token"), token.expect(201).id());
            self.personal
                .insert((*who, "job"), job(&self.app, user).await);
            self.personal
                .insert((*who, "report"), report(&self.app, user).await);
            for (thing, path) in [
                ("session", "/auth/sessions"),
                ("notification", "/notifications"),
            ] {
                let own = self.app.get(path).by(user).send().await.expect(200);
                if let Some(id) = own.each("id").pop() {
                    self.personal.insert((*who, thing), id);
                }
            }
        }
    }
}

/// Something long that somebody wanted done.
#[derive(Serialize, Deserialize)]
struct Errand;

impl JobArgs for Errand {
    const KIND: &'static str = "errand";
}

async fn job(app: &TestApp, owner: &User) -> String {
    let (id, now) = (app.store.ids().next().into(), app.store.clock().now());
    let job = NewJob::of(id, &Errand, now).unwrap();
    let job = job.owned_by(Some(owner.id.parse().unwrap()));
    let mut db = app.store.pool().acquire().await.unwrap();
    enqueue(&mut db, &job)
        .await
        .unwrap()
        .into_job()
        .id
        .to_string()
}

/// A report whose file is there.
async fn report(app: &TestApp, owner: &User) -> String {
    let order = json!({"kind": "tasks", "format": "csv"});
    let ordered = app.post("/reports", order).by(owner).send().await;
    let id = ordered.expect(202).id();
    for statement in [
        "update jobs.report set as_of = created_at, size_bytes = 2, made_by_fence = 0 where id = $1",
        "insert into jobs.report_piece (report_id, fence, number, bytes) values ($1, 0, 0, 'id')",
    ] {
        sqlx::query(statement)
            .bind(id.parse::<Uuid>().unwrap())
            .execute(app.store.pool())
            .await
            .unwrap();
    }
    id
}
