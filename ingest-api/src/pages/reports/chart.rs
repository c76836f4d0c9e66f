//! Charts as SVG: computed here, drawn by a template, coloured by the style sheet. Every number that they show stands in a
//! table beside them.

use crate::api::analytics::bodies::{DayBody, LevelsBody};
use crate::pages::texts::Texts;
use askama::Template;
use chrono::NaiveDate;
use std::fmt::Write as _;

/// The canvas, in units of its own; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
/// Room for the numbers on the left and the days below.
const LEFT: f64 = 36.0;
const BOTTOM: f64 = 22.0;
const TOP: f64 = 8.0;
/// Lines of the grid above the ground, at most.
const LINES: u64 = 4;

/// A line of the grid.
struct Line {
    y: String,
    label: u64,
}

/// A day below the chart.
struct Mark {
    x: String,
    anchor: &'static str,
    text: String,
}

/// From numbers to places.
struct Scale {
    top: u64,
    step: u64,
}

impl Scale {
    /// One that holds a number, with steps that are easy to read.
    fn to(most: u64) -> Self {
        let mut step = 1;
        for factor in [2, 5, 10].into_iter().cycle() {
            if step * LINES >= most {
                break;
            }
            // 1, 2, 5, 10, 20, 50 …
            let decade = 10_u64.pow(step.ilog10());
            step = if factor == 10 && step != decade {
                decade * 10
            } else {
                decade * factor
            };
        }
        Self {
            top: most.div_ceil(step).max(1) * step,
            step,
        }
    }

    fn y(&self, value: f64) -> f64 {
        let room = HEIGHT - BOTTOM - TOP;
        #[expect(clippy::cast_precision_loss, reason = "a chart is not exact to 2^53")]
        let share = value / self.top as f64;
        HEIGHT - BOTTOM - share * room
    }

    #[expect(clippy::cast_precision_loss, reason = "a chart is not exact to 2^53")]
    fn lines(&self) -> Vec<Line> {
        let values = (0..=self.top / self.step).map(|n| n * self.step);
        let line = |value: u64| Line {
            y: place(self.y(value as f64)),
            label: value,
        };
        values.map(line).collect()
    }
}

fn place(at: f64) -> String {
    format!("{at:.1}")
}

/// Where the `n`th of so many days begins.
#[expect(clippy::cast_precision_loss, reason = "days of a report are hundreds")]
fn x(n: usize, count: usize) -> f64 {
    LEFT + (WIDTH - LEFT) * n as f64 / count.max(1) as f64
}

/// The first day, the last, and one between.
fn marks(days: &[NaiveDate]) -> Vec<Mark> {
    let Some(last) = days.len().checked_sub(1) else {
        return Vec::new();
    };
    let mark = |at: usize, x: f64, anchor| Mark {
        x: place(x),
        anchor,
        text: days[at].format("%-d %b").to_string(),
    };
    let mut marks = vec![mark(0, LEFT, "start")];
    if last >= 6 {
        marks.push(mark(last / 2, x(last / 2, days.len()), "middle"));
    }
    if last > 0 {
        marks.push(mark(last, WIDTH, "end"));
    }
    marks
}

/// What was made and what was finished, day by day.
#[derive(Template)]
#[template(path = "parts/chart_bars.html")]
pub(super) struct Bars {
    lines: Vec<Line>,
    marks: Vec<Mark>,
    days: Vec<BarDay>,
}

struct BarDay {
    title: String,
    x: String,
    width: String,
    bars: Vec<Bar>,
}

struct Bar {
    class: &'static str,
    x: String,
    y: String,
    width: String,
    height: String,
}

impl Bars {
    pub(super) fn of(days: &[DayBody]) -> Self {
        let most = days.iter().map(|day| day.created.max(day.completed)).max();
        let scale = Scale::to(most.unwrap_or(0));
        let dates: Vec<_> = days.iter().map(|day| day.day).collect();
        let width = x(1, days.len()) - x(0, days.len());
        let shown = days.iter().enumerate().map(|(n, day)| {
            let begin = x(n, days.len());
            let counts = [("made", day.created), ("done", day.completed)];
            let bars = counts.into_iter().zip([0.12, 0.52]);
            let bars = bars.filter(|((_, count), _)| *count > 0);
            BarDay {
                title: format!("{}: {} / {}", day.day, day.created, day.completed),
                x: place(begin),
                width: place(width),
                bars: bars
                    .map(|((class, count), shift)| {
                        bar(&scale, class, count, begin + shift * width, width * 0.36)
                    })
                    .collect(),
            }
        });
        Self {
            lines: scale.lines(),
            marks: marks(&dates),
            days: shown.collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart is not exact to 2^53")]
fn bar(scale: &Scale, class: &'static str, count: u64, x: f64, width: f64) -> Bar {
    let y = scale.y(count as f64);
    Bar {
        class,
        x: place(x),
        y: place(y),
        width: place(width),
        height: place(HEIGHT - BOTTOM - y),
    }
}

/// How many tasks were in which status at the end of each day, one upon the other.
#[derive(Template)]
#[template(path = "parts/chart_areas.html")]
pub(super) struct Areas {
    lines: Vec<Line>,
    marks: Vec<Mark>,
    layers: Vec<Area>,
}

/// How many tasks were in one status.
type Level = fn(&LevelsBody) -> i64;

struct Area {
    class: &'static str,
    name: &'static str,
    points: String,
}

impl Areas {
    pub(super) fn of(levels: &[LevelsBody], t: &'static Texts) -> Self {
        let sums = levels
            .iter()
            .map(|l| l.todo + l.in_progress + l.blocked + l.done);
        let scale = Scale::to(
            sums.max()
                .and_then(|most| u64::try_from(most).ok())
                .unwrap_or(0),
        );
        let dates: Vec<_> = levels.iter().map(|level| level.day).collect();
        // What is done lies at the ground, so that its slope is what was finished.
        let kinds: [(_, _, Level); 4] = [
            ("done", t.status_done, |l| l.done),
            ("blocked", t.status_blocked, |l| l.blocked),
            ("progress", t.status_in_progress, |l| l.in_progress),
            ("todo", t.status_todo, |l| l.todo),
        ];
        let mut ground = vec![0; levels.len()];
        let mut areas = Vec::new();
        for (class, name, count) in kinds {
            let above: Vec<_> = ground
                .iter()
                .zip(levels)
                .map(|(under, l)| under + count(l))
                .collect();
            areas.push(Area {
                class,
                name,
                points: outline(&scale, &ground, &above),
            });
            ground = above;
        }
        Self {
            lines: scale.lines(),
            marks: marks(&dates),
            layers: areas,
        }
    }
}

/// Along the upper edge and back along the lower one; each day as wide as the others, so that one alone is seen, too.
#[expect(clippy::cast_precision_loss, reason = "a chart is not exact to 2^53")]
fn outline(scale: &Scale, under: &[i64], above: &[i64]) -> String {
    let count = above.len();
    let ends = |n: usize| [x(n, count), x(n + 1, count)];
    let mut points = String::new();
    let mut put = |x: f64, value: i64| {
        let written = write!(points, "{x:.1},{:.1} ", scale.y(value as f64));
        written.expect("a text takes what is written");
    };
    for (n, value) in above.iter().enumerate() {
        for x in ends(n) {
            put(x, *value);
        }
    }
    for (n, value) in under.iter().enumerate().rev() {
        for x in ends(n).into_iter().rev() {
            put(x, *value);
        }
    }
    points
}

/// A row of a distribution: a name, a number and a bar.
pub(super) struct Share {
    pub(super) name: String,
    pub(super) link: Option<String>,
    pub(super) count: u64,
    /// Of a hundred.
    pub(super) width: u64,
}

impl Share {
    pub(super) fn of(name: String, link: Option<String>, count: u64, most: u64) -> Self {
        Self {
            name,
            link,
            count,
            width: count * 100 / most.max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_easy_to_read_and_hold_everything() {
        for (most, top, step) in [
            (0, 1, 1),
            (3, 3, 1),
            (7, 8, 2),
            (17, 20, 5),
            (40, 40, 10),
            (41, 60, 20),
            (900, 1000, 500),
        ] {
            let scale = Scale::to(most);
            assert_eq!((scale.top, scale.step), (top, step), "{most}");
        }
    }

    #[test]
    fn one_day_is_an_area_and_none_is_nothing() {
        let scale = Scale::to(4);
        assert_eq!(
            outline(&scale, &[0], &[4]),
            "36.0,8.0 720.0,8.0 720.0,178.0 36.0,178.0 "
        );
        assert_eq!(outline(&scale, &[], &[]), "");
        assert!(marks(&[]).is_empty());
    }
}
