//! Asks, and notes what came of it: a row of statuses for each variant of each route, and what broke a rule.

use super::operations::pairs;
use super::pages;
use super::route::{Place, Route, Variant};
use super::rules;
use super::state::Saved;
use super::who::{Of, Who};
use super::world::World;
use crate::app::Answer;
use futures::future::join_all;
use serde_json::Value;

/// What one variant of one route answered, in the order of [`Who::ALL`].
#[derive(Debug)]
pub(super) struct Row {
    pub(super) route: String,
    pub(super) about: String,
    /// Whether it is a page.
    pub(super) is_page: bool,
    /// Whether what is swapped only narrows down a list.
    pub(super) is_filter: bool,
    pub(super) statuses: Vec<u16>,
}

/// One question: who asks which variant of which route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) route: &'a Route,
    pub(super) variant: &'a Variant,
    pub(super) who: Who,
}

pub(super) struct Trial<'a> {
    world: &'a World,
    saved: Saved,
    rows: Vec<Row>,
    breaches: Vec<String>,
}

impl<'a> Trial<'a> {
    pub(super) async fn new(world: &'a World) -> Self {
        let saved = Saved::new(world.app.store.pool().clone()).await;
        Self {
            world,
            saved,
            rows: Vec::new(),
            breaches: Vec::new(),
        }
    }

    /// The rows, and what broke a rule.
    pub(super) fn done(self) -> (Vec<Row>, Vec<String>) {
        (self.rows, self.breaches)
    }

    pub(super) async fn run(&mut self, route: &Route) {
        for variant in route.variants() {
            let asks = Who::ALL.map(|who| Ask {
                route,
                variant: &variant,
                who,
            });
            let statuses = if route.writes() {
                self.write(&asks).await
            } else {
                self.read(&asks).await
            };
            let is_filter = asks[0]
                .sent()
                .any(|(slot, _)| matches!(slot.place, Place::Filter(_)));
            self.rows.push(Row {
                route: route.name(),
                is_page: route.is_page(),
                is_filter,
                about: variant.about,
                statuses,
            });
        }
    }

    /// Reads do not get into each other's way.
    async fn read(&mut self, asks: &[Ask<'_>]) -> Vec<u16> {
        let world = self.world;
        let answers = join_all(asks.iter().map(|ask| send_twice(world, *ask))).await;
        let judged = asks.iter().zip(answers);
        judged
            .map(|(ask, (found, absent))| self.judge(*ask, &found, absent))
            .collect()
    }

    /// After a write, everything is put back as it was; after a refused one, everything is as it was.
    async fn write(&mut self, asks: &[Ask<'_>]) -> Vec<u16> {
        let mut statuses = Vec::new();
        for ask in asks {
            let (found, absent) = send_twice(self.world, *ask).await;
            if rules::may_change(*ask, &found) {
                self.saved.restore().await;
            } else if !self.saved.is_unchanged().await {
                self.breaches
                    .push(format!("{ask}: {} and something changed", found.status));
                self.saved.restore().await;
            }
            statuses.push(self.judge(*ask, &found, absent));
        }
        statuses
    }

    fn judge(&mut self, ask: Ask<'_>, found: &Answer, absent: Option<Answer>) -> u16 {
        let mut broken = rules::broken(self.world, ask, found);
        if let Some(absent) = absent {
            broken.extend(rules::told_apart(self.world, ask, found, &absent));
        }
        let told = broken
            .into_iter()
            .map(|what| format!("{ask}: {what}: {}", found.text()));
        self.breaches.extend(told);
        if ask.route.is_page() {
            pages::status(found)
        } else {
            found.status
        }
    }
}

/// The answer; and, where ids are foreign to who asks, the answer to the same with ids of nothing.
async fn send_twice(world: &World, ask: Ask<'_>) -> (Answer, Option<Answer>) {
    let found = send(world, ask).await;
    let Some(ids) = rules::with_nothing_foreign(ask) else {
        return (found, None);
    };
    let variant = Variant {
        about: String::new(),
        ids,
    };
    let absent = send(
        world,
        Ask {
            variant: &variant,
            ..ask
        },
    )
    .await;
    (found, Some(absent))
}

async fn send(world: &World, ask: Ask<'_>) -> Answer {
    let (mut path, mut query) = (ask.route.plain_path(), Vec::new());
    let mut body = ask.route.sample.body.clone();
    query.extend(
        pairs(ask.route.sample.query)
            .filter(|(_, value)| !value.starts_with('{'))
            .map(|(name, value)| format!("{name}={value}")),
    );
    for (slot, of) in ask.route.slots.iter().zip(&ask.variant.ids) {
        let Some(of) = of else { continue };
        let id = world.id(ask.who, &slot.thing, *of);
        match &slot.place {
            Place::Path(name) => path = path.replace(&format!("{{{name}}}"), &id),
            Place::Query(name) | Place::Filter(name) => query.push(format!("{name}={id}")),
            Place::Body(at) => *body.pointer_mut(at).unwrap() = Value::String(id),
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let mut request = world.app.request(ask.route.method.parse().unwrap(), &path);
    if ask.route.is_page() {
        let browser = world.browser(ask.who);
        return pages::browse(request, browser, ask.route, &body)
            .send()
            .await;
    }
    if let Some(user) = world.user(ask.who) {
        request = request.by(user);
    }
    if !body.is_null() {
        request = request.json(body);
    }
    alone(ask, request.send().await)
}

/// A batch answers for each of its items: what counts is the status of the one that was sent.
fn alone(ask: Ask<'_>, mut answer: Answer) -> Answer {
    if ask.route.path.ends_with("/batch") && answer.status == 200 {
        let status = answer.data()["results"][0]["status"].as_u64().unwrap();
        answer.status = u16::try_from(status).unwrap();
    }
    answer
}

impl std::fmt::Display for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.who.as_str(), self.route.name())?;
        if self.variant.about.is_empty() {
            return Ok(());
        }
        write!(f, ", {}", self.variant.about)
    }
}

impl Ask<'_> {
    /// The ids that are sent: what each names, and whose it is.
    pub(super) fn sent(&self) -> impl Iterator<Item = (&super::route::Slot, Of)> {
        let slots = self.route.slots.iter().zip(&self.variant.ids);
        slots.filter_map(|(slot, of)| of.map(|of| (slot, of)))
    }
}
