//! Broken connections: what was missed is told by the next, and nothing twice.

use super::{Mill, what};
use crate::app::Live;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

#[tokio::test]
async fn comments_that_were_missed_are_sent() {
    let mill = Mill::new().await;
    let task = mill.task_topic();
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&task]).await;
    let position = live.position.clone();
    drop(live);
    mill.comment("One").await;
    mill.rename("Renamed").await;
    let mut again = Live::open(&mill.server, &mill.grace).await;
    let mut missed = again.resume(&[&task], &position).await;
    while missed.len() < 3 {
        missed.push(again.next().await);
    }
    let expected = [
        ("changed", &*task),
        ("comment", &*task),
        ("changed", &*task),
    ];
    assert_eq!(what(&missed), expected);
    assert_eq!(missed[1]["comment"]["body"], "One");
    assert_eq!(missed[1]["comment"]["author"]["username"], "ada");
    // From where that ended, nothing was missed.
    let mut third = Live::open(&mill.server, &mill.grace).await;
    assert!(third.resume(&[&task], &again.position).await.is_empty());
}

#[tokio::test]
async fn a_break_within_one_record_loses_nothing_of_it() {
    let mill = Mill::new().await;
    let (task, project) = (mill.task_topic(), mill.project_topic());
    let topics = [&*task, &*project];
    let whole = [
        ("changed", &*task),
        ("changed", &*project),
        ("comment", &*task),
    ];
    for told in 0..=3 {
        let mut live = Live::open(&mill.server, &mill.grace).await;
        live.subscribe(&topics).await;
        mill.comment("Squeak").await;
        for _ in 0..told {
            live.next().await;
        }
        let mut again = Live::open(&mill.server, &mill.grace).await;
        let mut rest = again.resume(&topics, &live.position).await;
        // What the hub had not come to yet is told after all that was missed.
        while rest.len() < 3 - told {
            rest.push(again.next().await);
        }
        assert_eq!(what(&rest), whole[told..]);
    }
}

#[tokio::test]
async fn a_position_that_another_topic_list_gave_is_good_for_this_one() {
    let mill = Mill::new().await;
    let (task, project) = (mill.task_topic(), mill.project_topic());
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&task, &project]).await;
    mill.comment("Squeak").await;
    // The task's signal was told, the project's and the comment not.
    live.next().await;
    let mut again = Live::open(&mill.server, &mill.grace).await;
    let missed = again.resume(&[&project], &live.position).await;
    assert_eq!(what(&missed), [("changed", &*project)]);
}

#[tokio::test]
async fn the_position_of_a_write_is_where_to_go_on_after_it() {
    let mill = Mill::new().await;
    let task = mill.task_topic();
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&task]).await;
    let written = mill.comment("Mine").await;
    mill.comment("Theirs").await;
    assert!(written.starts_with('w'), "{written}");
    for _ in 0..4 {
        live.next().await;
    }
    let mut again = Live::open(&mill.server, &mill.grace).await;
    let missed = again.resume(&[&task], &written).await;
    assert_eq!(what(&missed), [("changed", &*task), ("comment", &*task)]);
    assert_eq!(missed[1]["comment"]["body"], "Theirs");
}

#[tokio::test]
async fn positions_that_are_none_of_ours_are_told_as_such() {
    let mill = Mill::new().await;
    let task = mill.task_topic();
    for (position, answer) in [
        ("w999999", "behind"),
        ("s999999", "behind"),
        ("s999999.1", "behind"),
        ("x", "error"),
        ("", "error"),
        ("s1.x", "error"),
    ] {
        let mut live = Live::open(&mill.server, &mill.grace).await;
        live.say(json!({"subscribe": [task], "resume": position}))
            .await;
        let message = live.next().await;
        assert_eq!(message["type"], answer, "{position}: {message}");
        if answer == "behind" {
            assert_eq!(live.next().await["type"], "ready");
            // What it is told then is a place to go on from.
            let mut again = Live::open(&mill.server, &mill.grace).await;
            assert!(again.resume(&[&task], &live.position).await.is_empty());
        }
    }
}

#[tokio::test]
async fn where_to_go_on_may_be_said_before_or_after_the_topics_and_once() {
    let mill = Mill::new().await;
    let task = mill.task_topic();
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&task]).await;
    let position = live.position.clone();
    mill.comment("Missed").await;
    live.next().await;
    live.next().await;

    let mut before = Live::open(&mill.server, &mill.grace).await;
    before.say(json!({"resume": position})).await;
    before.say(json!({"subscribe": [task]})).await;
    let mut after = Live::open(&mill.server, &mill.grace).await;
    after.subscribe(&[&task]).await;
    after.say(json!({"resume": position})).await;
    for live in [&mut before, &mut after] {
        assert_eq!(live.next_of().await.0, "changed");
        assert_eq!(live.next_of().await.0, "comment");
        assert_eq!(live.next_of().await.0, "ready");
        live.say(json!({"resume": position})).await;
        assert_eq!(live.next_of().await.0, "error");
    }
}

#[tokio::test]
async fn what_is_told_while_it_looks_back_is_not_told_twice() {
    let mill = Mill::new().await;
    let task = mill.task_topic();
    let mut live = Live::open(&mill.server, &mill.grace).await;
    live.subscribe(&[&task]).await;
    let position = live.position.clone();
    live.say(json!({"subscribe": [task]})).await;
    live.next().await;
    mill.comment("Told").await;
    live.next().await;
    live.next().await;
    // With the second list it is too late.
    live.say(json!({"resume": position})).await;
    assert_eq!(live.next_of().await.0, "error");
    let mut late = Live::open(&mill.server, &mill.grace).await;
    late.subscribe(&[&task]).await;
    let position = late.position.clone();
    mill.comment("Live").await;
    late.next().await;
    late.next().await;
    late.say(json!({"resume": position})).await;
    assert_eq!(late.next_of().await.0, "ready");
}

/// What the log has for somebody who hears of two tasks and their project, in the order in which it must come.
struct Told {
    mill: Mill,
    tasks: [String; 2],
    project: String,
    expected: Vec<Value>,
}

impl Told {
    async fn new() -> Self {
        let mill = Mill::new().await;
        let other = mill.app.task(&mill.ada, &mill.project, "Other").await;
        let third = mill.app.task(&mill.ada, &mill.project, "Third").await;
        assert_eq!(
            (&other["name"], &third["name"]),
            (&json!("ENG-2"), &json!("ENG-3"))
        );
        mill.settle().await;
        let other = format!("task:{}", other["id"].as_str().unwrap());
        Self {
            tasks: [mill.task_topic(), other],
            project: mill.project_topic(),
            mill,
            expected: Vec::new(),
        }
    }

    fn topics(&self) -> [&str; 3] {
        [&self.tasks[0], &self.project, &self.tasks[1]]
    }

    /// Something happens to one of three tasks, of which two are listened to.
    async fn act(&mut self, random: &mut ChaCha8Rng) {
        let number = random.random_range(1..=3_usize);
        let text = format!("{:x}", random.random::<u64>());
        let path = format!("/tasks/ENG-{number}");
        let app = &self.mill.app;
        let says = random.random_bool(0.5);
        if says {
            let request = app.post(&format!("{path}/comments"), json!({"body": text}));
            request.by(&self.mill.ada).send().await.expect(201);
        } else {
            let request = app.patch(&path, json!({"title": text}));
            request.by(&self.mill.ada).send().await.expect(200);
        }
        let task = self.tasks.get(number - 1);
        let changed = |topic: &str| json!(["changed", topic, null]);
        self.expected.extend(task.map(|task| changed(task)));
        self.expected.push(changed(&self.project));
        if let Some(task) = task.filter(|_| says) {
            self.expected.push(json!(["comment", task, text]));
        }
    }
}

#[tokio::test]
async fn however_often_it_breaks_everything_is_told_once_and_in_order() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut told = Told::new().await;
    let mut live = Live::open(&told.mill.server, &told.mill.grace).await;
    live.subscribe(&told.topics()).await;
    let (mut got, mut acts, mut breaks) = (Vec::new(), 0, 0);
    while acts < 120 || got.len() < told.expected.len() {
        match random.random_range(0..10) {
            0..3 if acts < 120 => {
                told.act(&mut random).await;
                acts += 1;
            }
            3..9 if got.len() < told.expected.len() => {
                let message = live.next().await;
                if message["type"] != "ready" {
                    got.push(json!([
                        message["type"],
                        message["topic"],
                        message["comment"]["body"]
                    ]));
                }
            }
            9 => {
                let position = live.position.clone();
                live = Live::open(&told.mill.server, &told.mill.grace).await;
                live.position.clone_from(&position);
                let topics = told.topics();
                live.say(json!({"subscribe": topics, "resume": position}))
                    .await;
                breaks += 1;
            }
            _ => {}
        }
    }
    assert!(breaks > 20, "{breaks}");
    assert_eq!(got, told.expected);
}
