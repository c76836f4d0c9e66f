//! Who there is and what happened: a small team that builds and runs the timetable of a ferry company.

mod engineering;
mod operations;
mod website;

use millstream_domain::task::{Priority, Status};
use millstream_domain::team::TeamRole;

/// Somebody of the team.
pub(super) struct Person {
    pub(super) username: &'static str,
    pub(super) display_name: &'static str,
    pub(super) role: TeamRole,
}

/// The people. The first founds everything.
pub(super) const PEOPLE: [Person; 6] = [
    person("ada", "Ada Lovelace", TeamRole::Owner),
    person("grace", "Grace Hopper", TeamRole::Maintainer),
    person("alan", "Alan Turing", TeamRole::Member),
    person("katherine", "Katherine Johnson", TeamRole::Member),
    person("edsger", "Edsger Dijkstra", TeamRole::Member),
    person("hedy", "Hedy Lamarr", TeamRole::Member),
];

const fn person(username: &'static str, display_name: &'static str, role: TeamRole) -> Person {
    Person {
        username,
        display_name,
        role,
    }
}

pub(super) const TEAM: &str = "Ferries";
pub(super) const TEAM_PURPOSE: &str =
    "The timetable and the tickets of the ships across the sound.";

/// The colours of the team's tags; the others stay gray.
pub(super) const TAG_COLORS: [(&str, &str); 14] = [
    ("accessibility", "purple"),
    ("backend", "brown"),
    ("bug", "red"),
    ("correctness", "green"),
    ("data", "teal"),
    ("database", "blue"),
    ("design", "pink"),
    ("feed", "teal"),
    ("mobile", "orange"),
    ("performance", "yellow"),
    ("privacy", "purple"),
    ("search", "green"),
    ("security", "red"),
    ("tickets", "blue"),
];

/// Who watches what they do not work on.
pub(super) const WATCHED: [(&str, &str); 4] = [
    ("ada", "Search for a pier by any of its names"),
    ("ada", "Prove that a seat is never sold twice"),
    ("ada", "Screen readers read the timetable column by column"),
    ("grace", "The start page says when the next ship leaves"),
];

/// A project.
pub(super) struct Project {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) purpose: &'static str,
    pub(super) tasks: &'static [Tale],
}

pub(super) const PROJECTS: [Project; 3] = [
    Project {
        key: "ENG",
        name: "Engineering",
        purpose: "The feed, the tickets, the app.",
        tasks: engineering::TASKS,
    },
    Project {
        key: "WEB",
        name: "Website",
        purpose: "What passengers see before they are on board.",
        tasks: website::TASKS,
    },
    Project {
        key: "OPS",
        name: "Operations",
        purpose: "What keeps it running at night.",
        tasks: operations::TASKS,
    },
];

/// What happens to a task, and who does it.
pub(super) enum Turn {
    Assigned(&'static str, &'static [&'static str]),
    Is(Status, &'static str),
    Said(&'static str, &'static str),
}

/// A task and what became of it. Times are hours before the end of the story.
pub(super) struct Tale {
    pub(super) by: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) priority: Priority,
    pub(super) tags: &'static [&'static str],
    pub(super) hours_ago: i64,
    /// When it is due, in days from the end of the story.
    pub(super) due_in_days: Option<i64>,
    pub(super) turns: &'static [(i64, Turn)],
}
