//! A pgbench script from what was recorded: the very statements, with their values, but for those that must differ from
//! one transaction to the next. These are the ids of the thing that was chosen, ids that are made, and what an earlier
//! statement of the same transaction answered. Values are parameters here too: Postgres then plans as it does for the
//! server.

use crate::recorder::{Content, Sent, UNKNOWN, Value};
use crate::world::{TASKS_PER_PROJECT, TEAMS, World, id_sql};
use std::collections::BTreeMap;

/// Ids made in one run by one client stay below those of the next: clients of one run.
const CLIENTS_MAX: u32 = 64;
/// Ids made in one transaction.
const MADE_MAX: usize = 16;

/// What was chosen when it was recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chosen {
    /// The `n`th task.
    Task(u32),
    /// The `n`th project.
    Project(u32),
    /// Every run of the script is about the same: where statements carry lists that others answered.
    Same,
}

/// A script, and the variables that it begins with.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) variables: Vec<(String, String)>,
}

/// Makes it. `number` keeps its variables apart from those of other scripts.
pub(crate) fn script(world: &World, number: usize, sent: &[Sent], chosen: Chosen) -> Script {
    let mut maker = Maker {
        known: known(world, chosen),
        made: Vec::new(),
        number,
        variables: Vec::new(),
    };
    let mut text = head(world, chosen);
    for (at, one) in sent.iter().enumerate() {
        let sql = maker.filled(one);
        let asked_later = sent[at + 1..].iter().flat_map(|it| &it.values);
        let end = if maker.learns(one, asked_later) {
            " \\gset\n"
        } else {
            ";\n"
        };
        text += &(one_line(&sql) + end);
    }
    Script {
        text,
        variables: maker.variables,
    }
}

/// The variables, computed by pgbench itself.
fn head(world: &World, chosen: Chosen) -> String {
    let rest = format!("\\set team :project % {TEAMS} + 1\n\\set made :made + 1\n");
    let per = TASKS_PER_PROJECT;
    match chosen {
        Chosen::Task(_) => format!(
            "\\set task random(1, {})\n\\set project (:task - 1) / {per} + 1\n\
             \\set number (:task - 1) % {per} + 1\n{rest}",
            world.size.tasks()
        ),
        Chosen::Project(_) => format!("\\set project random(1, {})\n{rest}", world.size.projects),
        Chosen::Same => String::new(),
    }
}

/// Values that stand for what was chosen, with the SQL that takes their place.
type Known = BTreeMap<(&'static str, String), String>;

fn known(world: &World, chosen: Chosen) -> Known {
    let mut known = Known::new();
    let project = match chosen {
        Chosen::Same => return known,
        Chosen::Project(project) => project,
        Chosen::Task(task) => {
            let number = (task - 1) % TASKS_PER_PROJECT + 1;
            known.insert(("bigint", number.to_string()), ":number::bigint".to_owned());
            let id = world.task(task).to_string();
            known.insert(("uuid", id), id_sql("task", ":task::int"));
            (task - 1) / TASKS_PER_PROJECT + 1
        }
    };
    let id = world.project(project).to_string();
    known.insert(("uuid", id), id_sql("project", ":project::int"));
    let id = world.team(project % TEAMS + 1).to_string();
    known.insert(("uuid", id), id_sql("team", ":team::int"));
    for person in world.people() {
        // Known, and the same every time.
        known.insert(("uuid", person.to_string()), format!("'{person}'::uuid"));
    }
    known
}

/// Fills values in, statement by statement.
struct Maker {
    known: Known,
    /// Ids that were made while the request was answered.
    made: Vec<String>,
    number: usize,
    variables: Vec<(String, String)>,
}

impl Maker {
    /// The statement with its values.
    fn filled(&mut self, sent: &Sent) -> String {
        let mut sql = sent.sql.clone();
        // From the last, so that $1 is not found in $10.
        for (at, value) in sent.values.iter().enumerate().rev() {
            sql = sql.replace(&format!("${}", at + 1), &self.value(value));
        }
        sql
    }

    fn value(&mut self, value: &Value) -> String {
        let kind = value.kind;
        assert_ne!(
            kind, UNKNOWN,
            "a value of a type that recorder/value.rs does not read"
        );
        match &value.content {
            Content::Null => format!("null::{kind}"),
            Content::Text(text) => self.text(kind, text),
            Content::List(items) if items.is_empty() => format!("'{{}}'::{kind}"),
            Content::List(items) if items.iter().any(|item| self.is_known(item)) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                format!("array[{}]", items.join(", "))
            }
            Content::List(items) => self.variable(kind, list(items)),
        }
    }

    fn text(&mut self, kind: &'static str, text: &str) -> String {
        if let Some(known) = self.known.get(&(kind, text.to_owned())) {
            return known.clone();
        }
        // With things chosen by chance, an id that nobody knows is one that was made.
        if kind == "uuid" && !self.known.is_empty() {
            return self.made(text);
        }
        self.variable(kind, text.to_owned())
    }

    /// A value that is the same every time.
    fn variable(&mut self, kind: &str, value: String) -> String {
        let name = format!("given_{}_{}", self.number, self.variables.len());
        self.variables.push((name.clone(), value));
        format!(":{name}::{kind}")
    }

    fn is_known(&self, value: &Value) -> bool {
        let text = value.text().unwrap_or_default().to_owned();
        self.known.contains_key(&(value.kind, text))
    }

    /// Another id in each transaction, ascending as those of the server do.
    fn made(&mut self, text: &str) -> String {
        let known = self.made.iter().position(|made| made == text);
        let at = known.unwrap_or_else(|| {
            self.made.push(text.to_owned());
            self.made.len() - 1
        });
        assert!(at < MADE_MAX, "so many ids are made in no request");
        let number =
            format!("(:made::bigint * {MADE_MAX} + {at}) * {CLIENTS_MAX} + :client_id::int");
        format!("lpad(to_hex({number}), 32, '0')::uuid")
    }

    /// Takes numbers from an answer that later statements repeat. Whether there are any.
    fn learns<'v>(&mut self, sent: &Sent, later: impl Iterator<Item = &'v Value>) -> bool {
        let asked: Vec<_> = later.filter(|value| value.kind == "bigint").collect();
        let mut learnt = false;
        for (name, value) in sent.row.iter().flatten() {
            let Some(text) = value.text().filter(|_| asked.contains(&value)) else {
                continue;
            };
            let key = (value.kind, text.to_owned());
            learnt |= !self.known.contains_key(&key);
            self.known
                .entry(key)
                .or_insert_with(|| format!(":{name}::bigint"));
        }
        learnt
    }
}

/// A list as Postgres reads it.
fn list(items: &[Value]) -> String {
    let quoted = |item: &Value| {
        let text = item
            .text()
            .map(|text| text.replace('\\', "\\\\").replace('"', "\\\""));
        text.map_or("null".to_owned(), |text| format!("\"{text}\""))
    };
    let items: Vec<_> = items.iter().map(quoted).collect();
    format!("{{{}}}", items.join(","))
}

/// A statement stands on one line: pgbench ends it at the semicolon, and `\gset` has to follow.
fn one_line(sql: &str) -> String {
    let lines = sql.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}
