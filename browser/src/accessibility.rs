//! What keeps people out of a page: found by axe-core, run in the page itself.

use crate::chromium::Chromium;
use crate::told;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;

/// How many places of one finding are shown: what is wrong with one row of a list is wrong with all.
const SHOWN_MAX: usize = 3;

/// What axe-core is to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// All of WCAG 2.2 AA, and what is good practice.
    All,
    /// What depends on colours.
    Colours,
    /// What depends on the window: whether a finger hits what it aims at.
    Targets,
}

/// Something that is wrong with a page.
#[derive(Debug, Deserialize)]
pub struct Finding {
    /// The rule.
    pub id: String,
    impact: Option<String>,
    help: String,
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    target: Vec<Value>,
    #[serde(rename = "failureSummary")]
    summary: Option<String>,
}

impl Finding {
    /// Whether it keeps somebody out; the others are advice.
    #[must_use]
    pub fn is_serious(&self) -> bool {
        matches!(self.impact.as_deref(), Some("serious" | "critical"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let impact = self.impact.as_deref().unwrap_or("minor");
        write!(f, "{impact}: {} ({})", self.help, self.id)?;
        for node in self.nodes.iter().take(SHOWN_MAX) {
            let target: Vec<_> = node.target.iter().map(Value::to_string).collect();
            let summary = node.summary.as_deref().unwrap_or_default();
            let words: Vec<_> = summary.split_whitespace().collect();
            write!(f, "\n    {}  {}", target.join(" "), words.join(" "))?;
        }
        match self.nodes.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            more => write!(f, "\n    and {more} more like these"),
        }
    }
}

/// axe-core, read once.
#[derive(Debug)]
pub struct Axe {
    script: String,
}

impl Axe {
    /// Reads it from where the environment says.
    pub fn read() -> Result<Self> {
        let path = told::axe_script()?;
        let script = std::fs::read_to_string(&path);
        let script = script.with_context(|| format!("cannot read \"{}\"", path.display()))?;
        Ok(Self { script })
    }

    /// All that is wrong with the page that is looked at.
    pub async fn look(&self, browser: &Chromium, rules: Rules) -> Result<Vec<Finding>> {
        let driver = browser.driver();
        driver
            .execute(format!("{};", self.script), Vec::new())
            .await?;
        let run = "const done = arguments[arguments.length - 1];
             axe.run(document, arguments[0]).then(
                 (found) => done({found: found.violations}),
                 (error) => done({error: String(error)}),
             );";
        let answer = driver.execute_async(run, vec![options(rules)]).await?;
        let answer = answer.json();
        if let Some(error) = answer.get("error") {
            bail!("axe-core failed: {error}");
        }
        Ok(serde_json::from_value(answer["found"].clone())?)
    }
}

fn options(rules: Rules) -> Value {
    let of = |ids: &[&str]| json!({"type": "rule", "values": ids});
    let mut options =
        json!({"resultTypes": ["violations"], "rules": {"target-size": {"enabled": true}}});
    match rules {
        Rules::All => {}
        Rules::Colours => options["runOnly"] = of(&["color-contrast", "link-in-text-block"]),
        Rules::Targets => options["runOnly"] = of(&["target-size"]),
    }
    options
}
