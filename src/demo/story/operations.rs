//! What operations is up to.

use super::Tale;
use super::Turn::{Assigned, Is, Said};
use millstream_domain::task::Priority;
use millstream_domain::task::Status;

pub(super) const TASKS: &[Tale] = &[
    Tale {
        by: "alan",
        title: "Backups are restored once a month",
        description: "A backup that was never restored is a hope. Automate it, and compare the row counts.",
        priority: Priority::High,
        tags: &["database"],
        hours_ago: 470,
        due_in_days: None,
        turns: &[
            (469, Assigned("ada", &["alan"])),
            (460, Is(Status::InProgress, "alan")),
            (
                445,
                Said(
                    "alan",
                    "The first restore took 40 minutes and found that we never backed up the uploads.",
                ),
            ),
            (444, Said("ada", "That is exactly why. Well done.")),
            (300, Is(Status::Done, "alan")),
        ],
    },
    Tale {
        by: "edsger",
        title: "Capacities per deck, from the shipyard's papers",
        description: "Six ships; two of them were rebuilt. @grace has the binder.",
        priority: Priority::High,
        tags: &["tickets", "data"],
        hours_ago: 240,
        due_in_days: Some(0),
        turns: &[
            (238, Assigned("edsger", &["grace"])),
            (100, Is(Status::InProgress, "grace")),
            (
                94,
                Said(
                    "grace",
                    "Four of six are in the table. The other two are with the shipyard, they call back on Monday.",
                ),
            ),
        ],
    },
    Tale {
        by: "ada",
        title: "One dashboard for the morning",
        description: "Feed age, errors per minute, tickets sold, queue length. Five numbers, no more.",
        priority: Priority::Medium,
        tags: &["monitoring"],
        hours_ago: 210,
        due_in_days: Some(7),
        turns: &[
            (209, Assigned("ada", &["alan"])),
            (90, Is(Status::InProgress, "alan")),
            (
                88,
                Said(
                    "alan",
                    "Draft is up. Is \"tickets sold\" per hour or since midnight?",
                ),
            ),
            (
                85,
                Said("ada", "Per hour, next to the same hour of last week."),
            ),
        ],
    },
    Tale {
        by: "grace",
        title: "Certificates renew themselves",
        description: "",
        priority: Priority::Medium,
        tags: &["security"],
        hours_ago: 190,
        due_in_days: None,
        turns: &[
            (188, Assigned("grace", &["grace"])),
            (186, Is(Status::InProgress, "grace")),
            (160, Is(Status::Done, "grace")),
        ],
    },
    Tale {
        by: "katherine",
        title: "Cancel the old text message contract",
        description: "We send 40 messages a month through it and pay for 5,000.",
        priority: Priority::Low,
        tags: &["costs"],
        hours_ago: 150,
        due_in_days: Some(-5),
        turns: &[(149, Assigned("ada", &["katherine"]))],
    },
    Tale {
        by: "alan",
        title: "Plan the night when the database moves",
        description: "New disk, same machine. Tell the crews a week before, read-only for ten minutes.",
        priority: Priority::High,
        tags: &["database"],
        hours_ago: 75,
        due_in_days: Some(10),
        turns: &[
            (74, Assigned("alan", &["alan", "ada"])),
            (72, Said("edsger", "Please not on a Friday.")),
            (
                71,
                Said("alan", "Tuesday, 03:30. The last ship is in at 01:10."),
            ),
        ],
    },
];
