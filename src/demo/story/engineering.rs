//! What the engineers do.

use super::Tale;
use super::Turn::{Assigned, Is, Said};
use millstream_domain::task::Priority;
use millstream_domain::task::Status;

pub(super) const TASKS: &[Tale] = &[
    Tale {
        by: "ada",
        title: "Read departures from the harbour's feed",
        description: "The feed is XML over HTTP, once a minute. Parse it into `departures`, keep the last good copy.\n\n- [x] parser\n- [x] retries\n- [x] alert when it is older than five minutes",
        priority: Priority::High,
        tags: &["feed", "backend"],
        hours_ago: 480,
        due_in_days: None,
        turns: &[
            (478, Assigned("ada", &["alan"])),
            (470, Is(Status::InProgress, "alan")),
            (
                455,
                Said(
                    "alan",
                    "The feed repeats a sailing when its berth changes. I keep the newest by `sailing_id`.",
                ),
            ),
            (
                450,
                Said("ada", "Good. Please write that down in the README."),
            ),
            (430, Is(Status::Done, "alan")),
        ],
    },
    Tale {
        by: "ada",
        title: "Times are an hour off when the clocks change",
        description: "On the night of the change, sailings between 02:00 and 03:00 show twice or not at all. Store UTC, convert at the edge.",
        priority: Priority::Urgent,
        tags: &["bug", "time zones"],
        hours_ago: 400,
        due_in_days: None,
        turns: &[
            (399, Assigned("ada", &["grace", "alan"])),
            (396, Is(Status::InProgress, "grace")),
            (
                390,
                Said(
                    "grace",
                    "Reproduced with a test for Lisbon and Helsinki. We formatted before we converted.",
                ),
            ),
            (
                388,
                Said(
                    "katherine",
                    "This also explains the double ticket that a passenger wrote about last week.",
                ),
            ),
            (380, Is(Status::Done, "grace")),
            (379, Said("ada", "Thank you. That was quick!")),
        ],
    },
    Tale {
        by: "grace",
        title: "Search for a pier by any of its names",
        description: "People type the old name, the new name, or the name in the other language. @alan knows the list of the port authority.",
        priority: Priority::Medium,
        tags: &["search"],
        hours_ago: 360,
        due_in_days: Some(4),
        turns: &[
            (355, Assigned("grace", &["grace"])),
            (120, Is(Status::InProgress, "grace")),
            (
                118,
                Said(
                    "alan",
                    "The list is here: 214 piers, 37 with more than one name. I cleaned up the accents.",
                ),
            ),
            (
                60,
                Said("grace", "Prefix search works. Typing errors come next."),
            ),
        ],
    },
    Tale {
        by: "alan",
        title: "The API answers slowly with 40 piers in one request",
        description: "p99 is 1.8 s. Most of it is one query per pier.",
        priority: Priority::High,
        tags: &["performance", "backend"],
        hours_ago: 330,
        due_in_days: Some(2),
        turns: &[
            (328, Assigned("ada", &["alan"])),
            (200, Is(Status::InProgress, "alan")),
            (
                180,
                Said(
                    "alan",
                    "One query for all piers instead of forty: p99 is down to 90 ms on my machine.",
                ),
            ),
            (
                30,
                Said(
                    "ada",
                    "Can you measure it on the staging server before we close this?",
                ),
            ),
        ],
    },
    Tale {
        by: "katherine",
        title: "Offline timetable for the crossing itself",
        description: "There is no network in the middle of the sound. Keep today's and tomorrow's timetable on the phone.",
        priority: Priority::High,
        tags: &["mobile"],
        hours_ago: 300,
        due_in_days: Some(9),
        turns: &[
            (290, Assigned("ada", &["katherine"])),
            (150, Is(Status::InProgress, "katherine")),
            (
                140,
                Said(
                    "katherine",
                    "How old may a timetable be before we warn? I would say six hours.",
                ),
            ),
            (
                138,
                Said(
                    "edsger",
                    "Six hours, and say how old it is in words, not with a colour alone.",
                ),
            ),
        ],
    },
    Tale {
        by: "edsger",
        title: "Prove that a seat is never sold twice",
        description: "The reservation is two statements today. Write down the invariant, then make it one.",
        priority: Priority::Urgent,
        tags: &["correctness", "tickets"],
        hours_ago: 280,
        due_in_days: Some(1),
        turns: &[
            (279, Assigned("ada", &["edsger"])),
            (270, Is(Status::InProgress, "edsger")),
            (
                260,
                Said(
                    "edsger",
                    "The invariant: the sum of seats of valid tickets is at most the ship's capacity, for every leg. One statement with a lock on the sailing holds it.",
                ),
            ),
            (96, Is(Status::Blocked, "edsger")),
            (
                95,
                Said(
                    "edsger",
                    "Blocked: I need the capacities per deck, see OPS.",
                ),
            ),
        ],
    },
    Tale {
        by: "ada",
        title: "Delete personal data of passengers after 30 days",
        description: "We promised it in the privacy notice. A nightly job, with a report of how many rows went.",
        priority: Priority::High,
        tags: &["privacy"],
        hours_ago: 250,
        due_in_days: Some(6),
        turns: &[(249, Assigned("ada", &["alan"]))],
    },
    Tale {
        by: "alan",
        title: "Upgrade the compiler and the base image",
        description: "",
        priority: Priority::Low,
        tags: &["chore"],
        hours_ago: 220,
        due_in_days: None,
        turns: &[
            (219, Assigned("alan", &["alan"])),
            (170, Is(Status::InProgress, "alan")),
            (168, Is(Status::Done, "alan")),
        ],
    },
    Tale {
        by: "grace",
        title: "A push message when a sailing is cancelled",
        description: "To everybody who has a ticket or looked at the sailing in the last two hours. Not at night, unless it leaves at night.",
        priority: Priority::Medium,
        tags: &["mobile", "notifications"],
        hours_ago: 200,
        due_in_days: Some(14),
        turns: &[
            (
                190,
                Said(
                    "katherine",
                    "Please let people choose: per route, and not at all.",
                ),
            ),
            (189, Assigned("grace", &["katherine", "grace"])),
        ],
    },
    Tale {
        by: "katherine",
        title: "Weather warnings on the map",
        description: "The met office publishes them as GeoJSON. Draw the area, link the text.",
        priority: Priority::Low,
        tags: &["map"],
        hours_ago: 160,
        due_in_days: None,
        turns: &[],
    },
    Tale {
        by: "ada",
        title: "Write the runbook for a feed that is down",
        description: "What to look at first, whom to call, what to tell passengers.",
        priority: Priority::Medium,
        tags: &["docs", "feed"],
        hours_ago: 140,
        due_in_days: Some(3),
        turns: &[
            (139, Assigned("ada", &["alan"])),
            (50, Is(Status::InProgress, "alan")),
        ],
    },
    Tale {
        by: "edsger",
        title: "Tests that shuffle the order of events",
        description: "If berth change and cancellation come in the other order, the result must be the same.",
        priority: Priority::Medium,
        tags: &["correctness"],
        hours_ago: 90,
        due_in_days: None,
        turns: &[
            (88, Assigned("edsger", &["edsger"])),
            (
                86,
                Said(
                    "ada",
                    "I like this one. Which orders are legal, is that written somewhere?",
                ),
            ),
        ],
    },
];
