//! Every number of every report against the fold, for everybody who may ask, however much of the lake is in files.

use super::fold::{Counted, Finished, Fold, nearest_rank};
use super::world::{PEOPLE, PROJECTS, TEAMS, history};
use super::{Bench, asker};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use millstream_analytics_engine::Session;
use millstream_analytics_engine::reports::distribution::{self, Group};
use millstream_analytics_engine::reports::{
    Day, Percentiles, Question, Scope, Standing, Throughput, dashboard, flow, stats, team,
};
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use millstream_domain::task::Status;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Histories that are told.
const HISTORIES: u64 = 6;

/// What is asked, and how to find it out by walking.
struct Check<'a> {
    fold: &'a Fold,
    question: Question,
    counted: Counted,
}

impl Check<'_> {
    fn zone(&self) -> Tz {
        self.question.zone
    }

    fn within(&self, at: DateTime<Utc>) -> bool {
        let days = self.question.days();
        let day = at.with_timezone(&self.zone()).date_naive();
        days.dates().contains(&day)
    }

    fn standing(&self) -> Standing {
        let open: Vec<_> = self
            .fold
            .open()
            .filter(|task| self.counted.counts(task))
            .collect();
        let count = |matches: &dyn Fn(&&millstream_event_log::events::task::TaskState) -> bool| {
            open.iter().copied().filter(|task| matches(task)).count() as u64
        };
        let now = self.question.now;
        let today = now.with_timezone(&self.zone()).date_naive();
        Standing {
            open: open.len() as u64,
            in_progress: count(&|task| task.status == Status::InProgress),
            blocked: count(&|task| task.status == Status::Blocked),
            overdue: count(&|task| task.due_at.is_some_and(|due| due < now)),
            due_today: count(&|task| {
                let day = |due: DateTime<Utc>| due.with_timezone(&self.zone()).date_naive();
                task.due_at.map(day) == Some(today)
            }),
            unassigned: count(&|task| task.assignees.is_empty()),
        }
    }

    fn finished(&self) -> impl Iterator<Item = &Finished> {
        let finished = self.fold.finished.iter();
        finished.filter(|f| self.within(f.at) && self.counted.counts(&f.task))
    }

    fn throughput(&self) -> Throughput {
        let of = |list: &[(DateTime<Utc>, _)]| {
            let counted = list
                .iter()
                .filter(|(at, task)| self.within(*at) && self.counted.counts(task));
            counted.count() as u64
        };
        let with_due = self
            .finished()
            .filter_map(|f| f.task.due_at.map(|due| (f.at, due)));
        let with_due: Vec<_> = with_due.collect();
        Throughput {
            created: of(&self.fold.created),
            completed: self.finished().count() as u64,
            reopened: of(&self.fold.reopened),
            completed_with_due: with_due.len() as u64,
            completed_on_time: with_due.iter().filter(|(at, due)| at <= due).count() as u64,
        }
    }

    fn percentiles(&self, taken: impl Fn(&Finished) -> Option<i64>) -> Percentiles {
        let seconds: Vec<_> = self.finished().filter_map(taken).collect();
        Percentiles {
            count: seconds.len() as u64,
            p50_s: nearest_rank(seconds.clone(), 50),
            p85_s: nearest_rank(seconds.clone(), 85),
            p95_s: nearest_rank(seconds, 95),
        }
    }

    fn days(&self) -> Vec<Day> {
        let day_of = |at: DateTime<Utc>| at.with_timezone(&self.zone()).date_naive();
        let days = self.question.days();
        let day = |day| Day {
            day,
            created: self
                .fold
                .created
                .iter()
                .filter(|(at, task)| day_of(*at) == day && self.counted.counts(task))
                .count() as u64,
            completed: self.finished().filter(|f| day_of(f.at) == day).count() as u64,
        };
        days.dates().iter().copied().map(day).collect()
    }

    fn levels(&self) -> Vec<[i64; 4]> {
        let days = self.question.days();
        let level = |day: &chrono::NaiveDate| self.fold.levels(&self.counted, *day, self.zone());
        days.dates().iter().map(level).collect()
    }

    fn distribution(&self, group: Group) -> BTreeMap<Option<String>, u64> {
        let mut groups = BTreeMap::new();
        let mut put = |value: Option<String>| *groups.entry(value).or_insert(0) += 1;
        let counted = |task: &&_| self.counted.counts(task);
        match group {
            Group::Status => {
                let here = self
                    .fold
                    .now()
                    .filter(|task| !task.archived)
                    .filter(counted);
                here.for_each(|task| put(Some(task.status.to_string())));
            }
            Group::Priority => {
                let open = self.fold.open().filter(counted);
                open.for_each(|task| put(Some(task.priority.to_string())));
            }
            Group::Project => {
                let open = self.fold.open().filter(counted);
                open.for_each(|task| put(Some(task.project_id.to_string())));
            }
            Group::Team => {
                let open = self.fold.open().filter(counted);
                open.for_each(|task| put(Some(task.team_id.to_string())));
            }
            Group::Assignee => {
                for task in self.fold.open().filter(counted) {
                    if task.assignees.is_empty() {
                        put(None);
                    }
                    for assignee in &task.assignees {
                        put(Some(assignee.user_id.to_string()));
                    }
                }
            }
        }
        groups
    }
}

/// What everybody may see: the admin all, members their teams.
fn visible(person: UserId) -> Visible {
    match PEOPLE.iter().position(|known| *known == person).unwrap() {
        0 => Visible::All,
        1 => Visible::Teams(vec![TEAMS[0]]),
        2 => Visible::Teams(vec![TEAMS[1]]),
        _ => Visible::Teams(TEAMS.to_vec()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_what_a_walk_through_the_events_gives() {
    for seed in 0..HISTORIES {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let records = history(seed, 260);
        let mut bench = Bench::new().await;
        let mut told = 0;
        while told < records.len() {
            told = (told + rng.random_range(1..60)).min(records.len());
            bench.read(&records[..told]).await;
            if rng.random_range(0..3) == 0 {
                bench.writer.write().await.unwrap();
            }
        }
        let fold = Fold::of(&records);
        let now = records.last().unwrap().at;
        for person in PEOPLE {
            let zone = [chrono_tz::Europe::Vienna, chrono_tz::Pacific::Kiritimati]
                [usize::from(seed % 2 == 1)];
            let question = Question {
                now,
                zone,
                days: rng.random_range(1..40),
                scope: Scope::default(),
            };
            let session = bench.engine().session(&asker(person)).await.unwrap();
            everything(&session, &fold, &question, person).await;
        }
    }
}

/// Every report, as one person.
async fn everything(session: &Session, fold: &Fold, question: &Question, reader: UserId) {
    let asked = Asked {
        session,
        fold,
        question,
        reader,
    };
    asked.dashboard().await;
    asked.distributions().await;
    asked.people().await;
    asked.teams().await;
    asked.projects().await;
}

struct Asked<'a> {
    session: &'a Session,
    fold: &'a Fold,
    question: &'a Question,
    reader: UserId,
}

impl Asked<'_> {
    fn check(&self, scope: Scope) -> Check<'_> {
        Check {
            fold: self.fold,
            question: self.question.clone(),
            counted: Counted {
                visible: visible(self.reader),
                team: scope.team,
                project: scope.project,
                assignee: scope.assignee,
            },
        }
    }

    async fn dashboard(&self) {
        let all = self.check(Scope::default());
        let board = dashboard::ask(self.session, self.question, self.reader)
            .await
            .unwrap();
        assert_eq!(board.now, all.standing());
        assert_eq!(board.period, all.throughput());
        assert_eq!(board.cycle_time, all.percentiles(|f| f.cycle_s));
        assert_eq!(board.days, all.days());
        let mine = Scope {
            assignee: Some(self.reader),
            ..Scope::default()
        };
        assert_eq!(board.mine, self.check(mine).standing());
    }

    async fn distributions(&self) {
        let all = self.check(Scope::default());
        for (name, group) in Group::ALL {
            let told = distribution::ask(self.session, self.question, group)
                .await
                .unwrap();
            let groups = told
                .groups
                .into_iter()
                .map(|share| (share.value, share.count));
            let groups: BTreeMap<_, _> = groups.collect();
            assert_eq!(groups, all.distribution(group), "by {name}");
        }
    }

    async fn people(&self) {
        for person in PEOPLE {
            let theirs = self.check(Scope {
                assignee: Some(person),
                ..Scope::default()
            });
            let told = stats::ask(self.session, self.question, person)
                .await
                .unwrap();
            assert_eq!(told.now, theirs.standing());
            assert_eq!(told.period, theirs.throughput());
            assert_eq!(told.lead_time, theirs.percentiles(|f| Some(f.lead_s)));
            assert_eq!(told.days, theirs.days());
        }
    }

    async fn teams(&self) {
        for of in TEAMS {
            let scope = Scope {
                team: Some(of),
                ..Scope::default()
            };
            let whole = self.check(scope);
            let told = team::ask(self.session, self.question, of).await.unwrap();
            assert_eq!(told.now, whole.standing());
            assert_eq!(told.period, whole.throughput());
            assert_eq!(told.cycle_time, whole.percentiles(|f| f.cycle_s));
            for load in told.people {
                let theirs = self.check(Scope {
                    assignee: Some(load.user_id),
                    ..scope
                });
                let (standing, completed) = (theirs.standing(), theirs.throughput().completed);
                let expected = (standing.open, standing.overdue, completed);
                assert_eq!((load.open, load.overdue, load.completed), expected);
            }
        }
    }

    async fn projects(&self) {
        for of in PROJECTS {
            let whole = self.check(Scope {
                project: Some(of),
                ..Scope::default()
            });
            let told = flow::ask(self.session, self.question, of).await.unwrap();
            assert_eq!(told.now, whole.standing());
            assert_eq!(told.cycle_time, whole.percentiles(|f| f.cycle_s));
            assert_eq!(told.lead_time, whole.percentiles(|f| Some(f.lead_s)));
            let levels = told.cumulative.iter();
            let levels = levels.map(|l| [l.todo, l.in_progress, l.blocked, l.done]);
            let levels: Vec<_> = levels.collect();
            assert_eq!(levels, whole.levels(), "{:?}", self.question);
        }
    }
}
