//! What happens to the website.

use super::Tale;
use super::Turn::{Assigned, Is, Said};
use millstream_domain::task::Priority;
use millstream_domain::task::Status;

pub(super) const TASKS: &[Tale] = &[
    Tale {
        by: "katherine",
        title: "A timetable that can be printed",
        description: "Many piers still have a board with a sheet of paper. One page A4 per pier and season, no ink wasted.",
        priority: Priority::Medium,
        tags: &["print"],
        hours_ago: 450,
        due_in_days: None,
        turns: &[
            (449, Assigned("katherine", &["katherine"])),
            (440, Is(Status::InProgress, "katherine")),
            (
                420,
                Said(
                    "hedy",
                    "I tried it on the old printer at the north pier. The footnotes need one point more.",
                ),
            ),
            (400, Is(Status::Done, "katherine")),
        ],
    },
    Tale {
        by: "hedy",
        title: "Colours that colour-blind people can tell apart",
        description: "Lines 3 and 7 are red and green of the same lightness. Add a pattern or a letter, too.",
        priority: Priority::High,
        tags: &["accessibility", "design"],
        hours_ago: 370,
        due_in_days: Some(5),
        turns: &[
            (369, Assigned("ada", &["hedy"])),
            (250, Is(Status::InProgress, "hedy")),
            (
                240,
                Said(
                    "hedy",
                    "Three candidates are in the folder. The letters work even in black and white.",
                ),
            ),
            (236, Said("edsger", "The second. It also prints well.")),
        ],
    },
    Tale {
        by: "ada",
        title: "The start page says when the next ship leaves",
        description: "From the nearest pier, in large digits, before anything else. Everything else can wait.",
        priority: Priority::High,
        tags: &["design"],
        hours_ago: 340,
        due_in_days: Some(3),
        turns: &[
            (338, Assigned("ada", &["hedy", "katherine"])),
            (230, Is(Status::InProgress, "hedy")),
            (
                130,
                Said(
                    "katherine",
                    "Asking for the location at once scares people. We could offer the last pier they looked at.",
                ),
            ),
            (
                128,
                Said(
                    "hedy",
                    "Yes: last pier first, a small button for the location.",
                ),
            ),
        ],
    },
    Tale {
        by: "katherine",
        title: "Screen readers read the timetable column by column",
        description: "Header cells have no scope. Rows should be read as \"08:15 from North Pier, berth 2, on time\".",
        priority: Priority::High,
        tags: &["accessibility", "bug"],
        hours_ago: 260,
        due_in_days: Some(-2),
        turns: &[
            (255, Assigned("ada", &["katherine"])),
            (
                100,
                Said(
                    "katherine",
                    "Fixed for the day view. The week view needs another table.",
                ),
            ),
        ],
    },
    Tale {
        by: "hedy",
        title: "Photos of the ships",
        description: "",
        priority: Priority::Low,
        tags: &["content"],
        hours_ago: 230,
        due_in_days: None,
        turns: &[
            (229, Assigned("hedy", &["hedy"])),
            (80, Is(Status::Blocked, "hedy")),
            (79, Said("hedy", "Waiting for a day without fog.")),
        ],
    },
    Tale {
        by: "grace",
        title: "Page weight below 100 KB",
        description: "The start page loads 640 KB, 500 of them a font. On the ship that is a minute.",
        priority: Priority::Medium,
        tags: &["performance"],
        hours_ago: 180,
        due_in_days: Some(8),
        turns: &[
            (179, Assigned("grace", &["katherine"])),
            (
                175,
                Said("katherine", "System fonts, then. Nobody will miss it."),
            ),
        ],
    },
    Tale {
        by: "ada",
        title: "English, Swedish and Finnish",
        description: "All texts in one file per language, plural forms included. Dates in the reader's way.",
        priority: Priority::Medium,
        tags: &["i18n"],
        hours_ago: 110,
        due_in_days: Some(20),
        turns: &[],
    },
    Tale {
        by: "hedy",
        title: "The 404 page is in Latin",
        description: "A placeholder that was never replaced. It is funny, but only once.",
        priority: Priority::Low,
        tags: &["content", "bug"],
        hours_ago: 70,
        due_in_days: None,
        turns: &[
            (69, Assigned("hedy", &["hedy"])),
            (40, Is(Status::InProgress, "hedy")),
            (39, Is(Status::Done, "hedy")),
        ],
    },
];
