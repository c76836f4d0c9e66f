//! What a query says, as a tree.

use super::time::TimeFilter;
use crate::task::{Priority, Status};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// All of these; never empty.
    All(Vec<Node>),
    /// At least one of these; never empty.
    Any(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// This, its texts being looked for in these places only.
    Within(Vec<Place>, Box<Node>),
    /// These words.
    Text(Texts),
    /// This about a field.
    Filter(Filter),
}

impl Node {
    /// Whether this node, or any below it, is as asked.
    pub fn any(&self, asked: &mut impl FnMut(&Self) -> bool) -> bool {
        if asked(self) {
            return true;
        }
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(|node| node.any(asked)),
            Self::Not(node) | Self::Within(_, node) => node.any(asked),
            Self::Text(_) | Self::Filter(_) => false,
        }
    }
}

/// Words as they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// The text, without quotes and without the asterisk.
    pub text: String,
    /// How it is meant.
    pub kind: TextKind,
}

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// As it stands.
    Word,
    /// As the beginning of a word.
    Prefix,
    /// As words in this order.
    Phrase,
}

/// Where texts are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The title.
    Title,
    /// The description.
    Description,
    /// The comments.
    Comments,
    /// The names of tags.
    Tags,
}

impl Place {
    /// All of them, with their words.
    pub(super) const WORDS: &[(&str, Self)] = &[
        ("title", Self::Title),
        ("description", Self::Description),
        ("comments", Self::Comments),
        ("tags", Self::Tags),
    ];
}

/// A condition on a field. Several values are alternatives.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// How far it is.
    Status(Vec<Status>),
    /// How much it matters; comparisons are spelled out.
    Priority(Vec<Priority>),
    /// Who works on it.
    Assignee(Vec<Who>),
    /// Who made it.
    CreatedBy(Vec<Who>),
    /// Keys, names or ids of projects.
    Project(Vec<String>),
    /// Names or ids of teams.
    Team(Vec<String>),
    /// Names of tags.
    Tag(Vec<String>),
    /// What it is a part of.
    Parent(Vec<Parent>),
    /// When it is due.
    Due(TimeFilter),
    /// When it last changed.
    Updated(TimeFilter),
    /// When it was made.
    Created(TimeFilter),
    /// A state that has a name.
    Is(Flag),
    /// It has one.
    Has(Feature),
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever asks.
    Me,
    /// Nobody at all.
    Nobody,
    /// Somebody by username or id.
    Named(String),
}

/// What a task is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// Of nothing.
    Nothing,
    /// Of a task, by name or id.
    Task(String),
}

/// States that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Put away.
    Archived,
    /// Due in the past and not done.
    Overdue,
    /// In the trash.
    Trashed,
}

impl Flag {
    /// All of them, with their words.
    pub(super) const WORDS: &[(&str, Self)] = &[
        ("archived", Self::Archived),
        ("overdue", Self::Overdue),
        ("trashed", Self::Trashed),
    ];
}

/// What a task can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// A file.
    Attachment,
    /// A comment.
    Comment,
}

impl Feature {
    /// All of them, with their words.
    pub(super) const WORDS: &[(&str, Self)] =
        &[("attachment", Self::Attachment), ("comment", Self::Comment)];
}
