//! What was acknowledged, and what therefore has to be in every view: written down by the clients, by rules of their own, so
//! that nothing here follows from what the product says later.

use super::counted::Counted;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody who works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// The first to register, and so an admin.
    Ada,
    Grace,
    Linus,
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Ada, Self::Grace, Self::Linus];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ada => "ada",
            Self::Grace => "grace",
            Self::Linus => "linus",
        }
    }
}

/// Where a task is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Open,
    Archive,
    Trash,
}

/// A task as those know it who work on it.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) id: String,
    /// The word of its title that nothing else has.
    pub(super) word: String,
    pub(super) status: &'static str,
    /// Which of the projects it is in.
    pub(super) project: usize,
    pub(super) place: Place,
    pub(super) assignees: BTreeSet<Who>,
    /// Who made it and who commented on it.
    pub(super) others: BTreeSet<Who>,
    pub(super) watchers: BTreeSet<Who>,
    /// Whether its time has passed, as it had when it was made.
    pub(super) is_late: bool,
    /// The words of its comments that were not deleted.
    pub(super) comments: Vec<String>,
    /// Whether mails about it may find it gone: it was in the trash, or a comment was deleted.
    pub(super) was_gone: bool,
}

impl Sheet {
    /// Everybody who takes part.
    pub(super) fn participants(&self) -> BTreeSet<Who> {
        let all = self.assignees.iter().chain(&self.others);
        all.chain(&self.watchers).copied().collect()
    }
}

/// What was acknowledged.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Each event: `task.created by ada: bababababababade`.
    pub(super) happened: Counted,
    /// What each person is told: `commented by comment.created: bababababababade`.
    pub(super) told: BTreeMap<Who, Counted>,
    /// The words of tasks and comments by their ids.
    pub(super) words: BTreeMap<String, String>,
    /// The tasks as they are now.
    pub(super) sheets: Vec<Sheet>,
    /// How often a task was finished, and how often one was taken up again.
    pub(super) finished: usize,
    pub(super) reopened: usize,
}

impl Ledger {
    /// Something happened; without anybody, by itself.
    pub(super) fn note(&mut self, kind: &str, who: Option<Who>, about: &str) {
        let who = who.map_or("nobody", Who::name);
        self.happened.add(line(kind, who, about));
    }

    /// People are told of it, but for who did it.
    pub(super) fn tell(
        &mut self,
        reason: &str,
        kind: &str,
        actor: Option<Who>,
        people: impl IntoIterator<Item = Who>,
        about: &str,
    ) {
        for person in people.into_iter().filter(|person| Some(*person) != actor) {
            let told = self.told.entry(person).or_default();
            told.add(line(reason, kind, about));
        }
    }

    /// Puts another one's notes to these.
    pub(super) fn take_in(&mut self, other: Self) {
        self.happened.add_all(other.happened);
        for (person, told) in other.told {
            self.told.entry(person).or_default().add_all(told);
        }
        self.words.extend(other.words);
        self.sheets.extend(other.sheets);
        self.finished += other.finished;
        self.reopened += other.reopened;
    }

    /// How many tasks there are for which this holds.
    pub(super) fn count(&self, holds: impl Fn(&Sheet) -> bool) -> usize {
        self.sheets.iter().filter(|sheet| holds(sheet)).count()
    }

    /// The word that stands for a task or a comment; nothing for what has none.
    pub(super) fn word_of(&self, id: &str) -> &str {
        self.words.get(id).map_or("", String::as_str)
    }
}

/// What happened, by whom or by which event, and to what.
pub(super) fn line(what: &str, by: &str, about: &str) -> String {
    format!("{what} by {by}: {about}")
}
