//! The ways to ask an operation: where ids stand, and whose they are.

use super::samples::{NOMAD, Sample};
use super::who::Of;
use super::world::PERSONAL;
use millstream_ingest_api::PAGES;

/// An operation, and one way to ask it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) sample: Sample,
    pub(super) slots: Vec<Slot>,
}

/// A place for an id.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) place: Place,
    /// What it names.
    pub(super) thing: String,
    /// Another one of the same team, to begin with.
    pub(super) sibling: bool,
}

/// Where an id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Under this name in the path.
    Path(String),
    /// Under this name in the query, always.
    Query(String),
    /// Under this name in the query, if anything.
    Filter(String),
    /// At this place in the body.
    Body(String),
}

/// A variant of a request: whose the ids are, slot by slot. `None` sends nothing there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) about: String,
    pub(super) ids: Vec<Option<Of>>,
}

impl Route {
    /// Method and path, and what it is a case of.
    pub(super) fn name(&self) -> String {
        let (method, path, case) = (&self.method, &self.path, self.sample.case);
        match case {
            "" => format!("{method} {path}"),
            _ => format!("{method} {path} ({case})"),
        }
    }

    /// Whether people look at it in a browser.
    pub(super) fn is_page(&self) -> bool {
        let name = format!("{} {}", self.method.to_lowercase(), self.path);
        let mut pages = PAGES.iter();
        pages.any(|(method, path)| name == format!("{method} {path}"))
    }

    /// The path, with those of its parts that are no ids.
    pub(super) fn plain_path(&self) -> String {
        let parts = self.sample.path.iter();
        let parts = parts.filter_map(|(name, part)| Some((name, part.strip_prefix('=')?)));
        parts.fold(self.path.clone(), |path, (name, part)| {
            path.replace(&format!("{{{name}}}"), part)
        })
    }

    pub(super) fn writes(&self) -> bool {
        self.method != "GET"
    }

    /// As it should be asked; then each id swapped, alone; all ids of the path; and the parent for its sibling.
    pub(super) fn variants(&self) -> Vec<Variant> {
        let plain: Vec<_> = self.slots.iter().map(Slot::plain).collect();
        let mut variants = vec![Variant {
            about: String::new(),
            ids: plain.clone(),
        }];
        let mut swap = |about: String, swapped: &dyn Fn(usize) -> Option<Of>| {
            let ids = (0..plain.len())
                .map(|at| swapped(at).or(plain[at]))
                .collect();
            variants.push(Variant { about, ids });
        };
        let in_path: Vec<usize> = (0..self.slots.len())
            .filter(|at| matches!(self.slots[*at].place, Place::Path(_)))
            .collect();
        for (at, slot) in self.slots.iter().enumerate() {
            if let Place::Filter(name) = &slot.place {
                swap(format!("`?{name}=`"), &|i| (i == at).then_some(Of::Home));
            }
            if !slot.is_open() {
                swap(slot.about(), &|i| (i == at).then_some(Of::Away));
            }
        }
        if let [parent, _, ..] = in_path.as_slice() {
            swap("all of the path of another team".to_owned(), &|i| {
                in_path.contains(&i).then_some(Of::Away)
            });
            let thing = &self.slots[*parent].thing;
            swap(format!("under another {thing}"), &|i| {
                (i == *parent).then_some(Of::Sibling)
            });
        }
        variants
    }
}

impl Slot {
    fn plain(&self) -> Option<Of> {
        match self.place {
            Place::Filter(_) => None,
            _ if self.sibling => Some(Of::Sibling),
            _ => Some(Of::Home),
        }
    }

    /// Whether it is for everybody to give.
    pub(super) fn is_open(&self) -> bool {
        self.thing.starts_with(NOMAD)
    }

    pub(super) fn is_personal(&self) -> bool {
        PERSONAL.contains(&&*self.thing)
    }

    /// What is different once its id is swapped.
    fn about(&self) -> String {
        let name = match &self.place {
            Place::Path(name) => format!("`{{{name}}}`"),
            Place::Query(name) | Place::Filter(name) => format!("`?{name}=`"),
            Place::Body(at) => format!("`{}`", at[1..].replace('/', ".")),
        };
        let whose = if self.is_personal() {
            "of somebody else"
        } else {
            "of another team"
        };
        format!("{name} {whose}")
    }
}
