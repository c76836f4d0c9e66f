//! The same log in commits of any size, with restarts in between, gives the same index; and no query breaks it.

use crate::world::{
    ADA, BAKERS, GENERATION, GRACE, MILLERS, World, comment, comment_id, id, now, put, tag_id,
    tags, task_with,
};
use chrono_tz::Tz;
use millstream_domain::query::Query;
use millstream_domain::team::TeamRole;
use millstream_search::{Change, Index, SearchRequest};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WORDS: &[&str] = &[
    "wheel",
    "mill",
    "stone",
    "Café",
    "水車",
    "ENG-3",
    "task_failed",
    "<b>",
    "gear",
    "wheelwright",
];

fn text(rng: &mut ChaCha8Rng) -> String {
    (0..rng.random_range(0..6))
        .map(|_| WORDS[rng.random_range(0..WORDS.len())])
        .collect::<Vec<_>>()
        .join(" ")
}

fn change(rng: &mut ChaCha8Rng) -> Change {
    let (n, c) = (rng.random_range(1..8), rng.random_range(1..6));
    match rng.random_range(0..13) {
        0 => Change::RemoveTask(id(n)),
        1..=3 => comment(n, c, &text(rng)),
        4 => Change::RemoveComment(id(n), comment_id(c)),
        5 => Change::PutMember(GRACE, BAKERS, TeamRole::Member),
        6 => Change::RemoveMember(GRACE, BAKERS),
        12 => Change::RenameTag(tag_id(WORDS[rng.random_range(0..3)]), text(rng)),
        7 => Change::PutTask(
            Box::new(task_with(n, "moved", |t| t.name = format!("OPS-{n}"))),
            Some(format!("ENG-{n}")),
        ),
        _ => {
            let title = text(rng);
            put(task_with(n, &title, |t| {
                t.description = text(rng);
                t.team_id = if rng.random_bool(0.5) {
                    MILLERS
                } else {
                    BAKERS
                };
                t.tags = tags(&WORDS[rng.random_range(0..3)..3]);
                t.archived = rng.random_bool(0.2);
                t.trashed = rng.random_bool(0.2);
            }))
        }
    }
}

#[test]
fn commits_of_any_size_with_restarts_between_them_give_the_same_index() {
    for seed in 0..4 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let straight = World::new();
        let begun = straight.cut;
        let log: Vec<_> = (begun + 1..)
            .zip((0..120).map(|_| change(&mut rng)))
            .collect();
        let tail = begun + log.len() as u64;
        straight
            .index
            .commit(GENERATION, tail, log.clone())
            .unwrap();

        let World {
            folder, mut index, ..
        } = World::new();
        let mut generation = GENERATION;
        while index.cut() < tail {
            if rng.random_bool(0.15) {
                drop(index);
                index = Index::open(folder.path()).unwrap();
                generation += 1;
                index.claim(generation).unwrap();
            }
            // Some of what was written is written again.
            let from = index.cut().saturating_sub(rng.random_range(0..10));
            let cut = (index.cut() + rng.random_range(1..20)).min(tail);
            let some = log.iter().filter(|(seq, _)| (from..=cut).contains(seq));
            index.commit(generation, cut, some.cloned()).unwrap();
        }
        assert_eq!(
            index.sources().unwrap(),
            straight.index.sources().unwrap(),
            "seed {seed}"
        );
    }
}

#[test]
fn every_query_that_can_be_read_gets_an_answer() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut world = World::new();
    for _ in 0..8 {
        world.write((0..10).map(|_| change(&mut rng)).collect::<Vec<_>>());
    }
    let parts = [
        "wheel",
        "whe*",
        "\"mill stone\"",
        "-",
        "(",
        ")",
        " OR ",
        " ",
        " ",
        "in:title ",
        "status:todo ",
        "assignee:me,none ",
        "due:none ",
        "is:archived ",
        "has:comment ",
        "ENG-3",
        "水*",
        "…",
        "project:eng ",
        "tag:x ",
        "created:>-1y ",
        "is:overdue ",
        "*",
        "task_fai*",
        "\"\"",
    ];
    let mut answered = 0;
    for _ in 0..3_000 {
        let text: String = (0..rng.random_range(1..8))
            .map(|_| parts[rng.random_range(0..parts.len())])
            .collect();
        let Ok(query) = Query::parse(&text) else {
            continue;
        };
        let request = SearchRequest {
            caller: ADA,
            query: &query,
            now: now(),
            zone: Tz::UTC,
            limit: 3,
            cursor: None,
        };
        let results = world.index.search(&request);
        let results = results.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(results.hits.iter().all(|hit| !hit.score.is_nan()), "{text}");
        answered += 1;
    }
    assert!(answered > 500, "{answered}");
}
