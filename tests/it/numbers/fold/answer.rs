//! What the walk answers: the numbers of a report under the names that the API gives them.

use super::super::SPREAD;
use super::{About, Fold, Happening, Question, Task, What, Within};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Groups that are listed.
const GROUPS: usize = 50;

/// Which tasks count.
#[derive(Debug, Clone, Default)]
struct Counted {
    /// The teams that the reader sees; none for all.
    seen: Option<BTreeSet<String>>,
    within: Within,
    person: Option<String>,
}

impl Counted {
    fn counts(&self, task: &Task) -> bool {
        let is = |wanted: &Option<String>, it: &String| wanted.as_ref().is_none_or(|w| w == it);
        self.seen
            .as_ref()
            .is_none_or(|teams| teams.contains(&task.team))
            && is(&self.within.team, &task.team)
            && is(&self.within.project, &task.project)
            && self
                .person
                .as_ref()
                .is_none_or(|p| task.assignees.contains(p))
    }
}

impl Question {
    fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    pub(in super::super) fn today(&self) -> NaiveDate {
        self.day(self.now)
    }

    pub(in super::super) fn first(&self) -> NaiveDate {
        self.dates()[0]
    }

    fn dates(&self) -> Vec<NaiveDate> {
        let back = (0..self.days).rev();
        back.map(|days| self.today() - Days::new(days)).collect()
    }

    fn is_within(&self, at: DateTime<Utc>) -> bool {
        self.dates().contains(&self.day(at))
    }
}

impl Fold {
    /// The teams that somebody sees; none for all.
    pub(in super::super) fn seen_by(&self, reader: &str) -> Option<BTreeSet<String>> {
        let role = self.people[reader].1.as_str();
        if role == "admin" || role == "manager" {
            return None;
        }
        let own = self.members.iter().filter(|(_, person)| person == reader);
        Some(own.map(|(team, _)| team.clone()).collect())
    }

    fn sees_person(&self, reader: &str, person: &str) -> bool {
        let Some(teams) = self.seen_by(reader) else {
            return true;
        };
        let shares = |team: &String| self.members.contains(&(team.clone(), person.to_owned()));
        reader == person || teams.iter().any(shares)
    }

    /// The numbers of a report.
    pub(in super::super) fn answer(&self, question: &Question) -> Value {
        let mut counted = Counted {
            seen: self.seen_by(&question.reader),
            ..Counted::default()
        };
        match &question.about {
            About::Dashboard(within) => {
                counted.within = within.clone();
                let mine = Counted {
                    person: Some(question.reader.clone()),
                    ..counted.clone()
                };
                let mut told = self.whole(question, &counted);
                told["mine"] = self.standing(question, &mine);
                let spread = SPREAD.iter().map(|by| {
                    let mut spread = self.distribution(by, &counted);
                    spread["by"] = json!(by);
                    spread
                });
                told["spread"] = spread.collect();
                told.as_object_mut().unwrap().remove("lead_time");
                told
            }
            About::Distribution(by, within) => {
                counted.within = within.clone();
                self.distribution(by, &counted)
            }
            About::Person(person) => {
                counted.person = Some(person.clone());
                self.whole(question, &counted)
            }
            About::Team(team) => {
                counted.within.team = Some(team.clone());
                let mut told = self.whole(question, &counted);
                told["people"] = self.loads(question, &counted, team);
                told
            }
            About::Project(project) => {
                counted.within.project = Some(project.clone());
                let mut told = self.whole(question, &counted);
                told["cumulative"] = self.cumulative(question, &counted);
                told
            }
        }
    }

    /// The tasks that are there now.
    fn now<'a>(&'a self, counted: &'a Counted) -> impl Iterator<Item = &'a Task> {
        let last = self.lives.values().filter_map(|life| life.last());
        last.filter_map(|(_, task)| task.as_ref())
            .filter(|task| counted.counts(task))
    }

    fn happened<'a>(
        &'a self,
        question: &'a Question,
        counted: &'a Counted,
        what: What,
    ) -> Vec<&'a Happening> {
        let all = self.happenings.iter().filter(|h| h.what == what);
        all.filter(|h| question.is_within(h.at) && counted.counts(&h.task))
            .collect()
    }

    fn standing(&self, question: &Question, counted: &Counted) -> Value {
        let open: Vec<_> = self.now(counted).filter(|task| task.is_open()).collect();
        let count = |is: &dyn Fn(&Task) -> bool| open.iter().filter(|task| is(task)).count();
        json!({
            "open": open.len(),
            "in_progress": count(&|task| task.status == "in_progress"),
            "blocked": count(&|task| task.status == "blocked"),
            "overdue": count(&|task| task.due.is_some_and(|due| due < question.now)),
            "due_today": count(&|task| task.due.map(|due| question.day(due)) == Some(question.today())),
            "unassigned": count(&|task| task.assignees.is_empty()),
        })
    }

    fn whole(&self, question: &Question, counted: &Counted) -> Value {
        let of = |what| self.happened(question, counted, what);
        let (created, finished) = (of(What::Created), of(What::Finished));
        let dues = || finished.iter().filter_map(|h| Some((h.at, h.task.due?)));
        let cycles = finished
            .iter()
            .filter_map(|h| Some(seconds(h.begun?, h.at)));
        let leads = finished.iter().map(|h| seconds(h.task.created, h.at));
        let of_day = |list: &[&Happening], day| {
            let of_day = list.iter().filter(|h| question.day(h.at) == day);
            of_day.count()
        };
        let day = |day| {
            let (created, completed) = (of_day(&created, day), of_day(&finished, day));
            json!({"day": day, "created": created, "completed": completed})
        };
        json!({
            "now": self.standing(question, counted),
            "throughput": {
                "created": created.len(),
                "completed": finished.len(),
                "reopened": of(What::Reopened).len(),
                "completed_with_due": dues().count(),
                "completed_on_time": dues().filter(|(at, due)| at <= due).count(),
            },
            "cycle_time": percentiles(cycles.collect()),
            "lead_time": percentiles(leads.collect()),
            "days": question.dates().into_iter().map(day).collect::<Vec<_>>(),
        })
    }

    fn cumulative(&self, question: &Question, counted: &Counted) -> Value {
        let levels = |day: NaiveDate| {
            let mut levels =
                BTreeMap::from(["todo", "in_progress", "blocked", "done"].map(|s| (s, 0)));
            for life in self.lives.values() {
                let by_then = life.iter().rev().find(|(at, _)| question.day(*at) <= day);
                let Some((_, Some(task))) = by_then else {
                    continue;
                };
                let is_in_flow = !task.is_in_trash && (!task.is_archived || task.status == "done");
                if is_in_flow && counted.counts(task) {
                    *levels.get_mut(task.status.as_str()).unwrap() += 1;
                }
            }
            let mut told = json!(levels);
            told["day"] = json!(day);
            told
        };
        question.dates().into_iter().map(levels).collect()
    }

    fn loads(&self, question: &Question, counted: &Counted, team: &str) -> Value {
        let mut people: BTreeSet<&String> = self.now(counted).flat_map(|t| &t.assignees).collect();
        let finished = self.happened(question, counted, What::Finished);
        people.extend(finished.iter().flat_map(|h| &h.task.assignees));
        let members = self.members.iter().filter(|(of, _)| of == team);
        let members: BTreeSet<_> = members.map(|(_, person)| person).collect();
        people.extend(&members);
        let mut loads = Vec::new();
        for person in people {
            let theirs = Counted {
                person: Some(person.clone()),
                ..counted.clone()
            };
            let standing = self.standing(question, &theirs);
            let completed = self.happened(question, &theirs, What::Finished).len();
            let open = standing["open"].as_u64().unwrap();
            let is_nothing = open == 0 && completed == 0 && !members.contains(person);
            if is_nothing || !self.sees_person(&question.reader, person) {
                continue;
            }
            let row = json!({
                "user": person, "open": open, "overdue": standing["overdue"], "completed": completed,
            });
            loads.push((
                -i128::from(open),
                usize::MAX - completed,
                &self.people[person].0,
                row,
            ));
        }
        loads.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
        loads.into_iter().map(|(_, _, _, row)| row).collect()
    }

    fn distribution(&self, by: &str, counted: &Counted) -> Value {
        let mut groups: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for task in self.now(counted) {
            let is_here = !task.is_in_trash && !task.is_archived;
            if !is_here || (by != "status" && task.status == "done") {
                continue;
            }
            let values = match by {
                "status" => vec![Some(task.status.as_str())],
                "priority" => vec![Some(task.priority.as_str())],
                "project" => vec![Some(task.project.as_str())],
                "team" => vec![Some(task.team.as_str())],
                _ if task.assignees.is_empty() => vec![None],
                _ => task.assignees.iter().map(|a| Some(a.as_str())).collect(),
            };
            for value in values {
                *groups.entry(value).or_default() += 1;
            }
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(value, count)| (usize::MAX - count, value.is_none(), *value));
        let others: usize = groups.iter().skip(GROUPS).map(|(_, count)| count).sum();
        let row = |(value, count): &(Option<&str>, usize)| json!({"value": value, "count": count});
        let groups: Vec<_> = groups.iter().take(GROUPS).map(row).collect();
        json!({"groups": groups, "others": others})
    }
}

/// Whole seconds.
fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    let length = (to - from).num_microseconds().unwrap();
    length.max(0) / 1_000_000
}

/// By nearest rank.
fn percentiles(mut seconds: Vec<i64>) -> Value {
    seconds.sort_unstable();
    let at = |percent: usize| {
        let rank = (seconds.len() * percent).div_ceil(100);
        seconds.get(rank.wrapping_sub(1)).copied()
    };
    json!({"count": seconds.len(), "p50_s": at(50), "p85_s": at(85), "p95_s": at(95)})
}
