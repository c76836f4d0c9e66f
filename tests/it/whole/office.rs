//! Where people work: who they are, at which doors they come in, and what they found there.

use super::ledger::{Ledger, Who};
use super::words::word;
use crate::api::{Api, Session};
use crate::installation::until;
use serde_json::json;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A tag that everybody uses.
pub(super) const SHARED_TAG: &str = "wheel";

/// The people of a team, and their projects.
#[derive(Debug)]
pub(super) struct Office {
    /// Each person at each door.
    sessions: BTreeMap<Who, Vec<Session>>,
    ids: BTreeMap<Who, String>,
    /// Somebody of no team, who is to see nothing of all this.
    pub(super) stranger: Session,
    /// Two projects of the team: their ids, and their keys, which no other test has.
    pub(super) projects: [String; 2],
    pub(super) keys: [String; 2],
    /// Which of the doors answers searches and reports.
    pub(super) answering: usize,
    words: AtomicUsize,
    acknowledged: AtomicUsize,
    is_closing: AtomicBool,
}

impl Office {
    /// The first person has registered, and the others follow: at the first of these doors, from where they go to each. The last
    /// one is where searches and reports are answered.
    pub(super) async fn open(ada: Session, doors: &[Api], ledger: &mut Ledger) -> Self {
        let mut office = Self {
            sessions: BTreeMap::new(),
            ids: BTreeMap::new(),
            stranger: ada.clone(),
            projects: Default::default(),
            keys: keys(),
            answering: doors.len() - 1,
            words: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            is_closing: AtomicBool::new(false),
        };
        let at_all = |session: &Session| doors.iter().map(|door| session.at(door)).collect();
        let team = ada.team("Millers").await;
        ledger.note("team.created", Some(Who::Ada), "Millers");
        ledger.note("member.added", Some(Who::Ada), "ada");
        let me = ada.get("/auth/me").await.expect(200);
        office.ids.insert(Who::Ada, me.id());
        for who in [Who::Grace, Who::Linus] {
            let registered = doors[0].register(who.name(), None).await.expect(201);
            let id = ada.join(&team, &registered).await;
            ledger.note("member.added", Some(Who::Ada), who.name());
            office.ids.insert(who, id);
            let session = doors[0].log_in(who.name()).await;
            office.sessions.insert(who, at_all(&session));
        }
        doors[0].register("mallory", None).await.expect(201);
        office.stranger = doors[0].log_in("mallory").await;
        for n in 0..2 {
            office.projects[n] = ada.project_in(&team, &office.keys[n]).await;
            ledger.note("project.created", Some(Who::Ada), &office.keys[n]);
        }
        let tag = json!({"team_id": team, "name": SHARED_TAG});
        ada.post("/tags", &tag).await.expect(201);
        ledger.note("tag.created", Some(Who::Ada), SHARED_TAG);
        office.sessions.insert(Who::Ada, at_all(&ada));
        office
    }

    /// Somebody, at one of the doors: the next one each time that `turn` counts on.
    pub(super) fn session(&self, who: Who, turn: usize) -> &Session {
        let doors = &self.sessions[&who];
        &doors[turn % doors.len()]
    }

    /// Somebody at each door.
    pub(super) fn sessions(&self, who: Who) -> &[Session] {
        &self.sessions[&who]
    }

    pub(super) fn id(&self, who: Who) -> &str {
        &self.ids[&who]
    }

    /// A word that nothing has yet.
    pub(super) fn new_word(&self) -> String {
        word(self.words.fetch_add(1, Ordering::Relaxed))
    }

    /// An act was acknowledged.
    pub(super) fn acknowledged(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until so many more acts were acknowledged.
    pub(super) async fn work_on(&self, acts: usize) {
        let enough = self.acknowledged.load(Ordering::Relaxed) + acts;
        let are_enough = async || self.acknowledged.load(Ordering::Relaxed) >= enough;
        until("people can go on with their work", are_enough).await;
    }

    /// Asks everybody to end what they are at, and go.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

/// Keys of projects that no other test has: they are in the subject of every mail.
fn keys() -> [String; 2] {
    let own = RandomState::new().hash_one(()) % (1 << 28);
    ["E", "M"].map(|first| format!("{first}{own:07X}"))
}
