//! Reads from deny.toml the lists that [`super`] holds, so that they stand in one place. Not a TOML
//! reader: it knows the forms that our file uses, and says so when it finds nothing.

use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// What deny.toml allows and forbids.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// `[licenses] allow`
    pub(crate) licences: BTreeSet<String>,
    /// `[bans] deny`, each with those who may bring it nevertheless (`wrappers`).
    pub(crate) banned: BTreeMap<String, BTreeSet<String>>,
    /// `[[licenses.clarify]]`: the licence of a crate that does not name one.
    pub(crate) clarified: BTreeMap<String, String>,
}

impl Policy {
    /// Reads the file's text.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let mut policy = Self::default();
        let (mut section, mut list, mut clarified) = ("", "", String::new());
        for line in text.lines().map(|line| without_comment(line).trim()) {
            if line.starts_with('[') && line.ends_with(']') && !line.contains(['{', '"']) {
                (section, list) = (line, "");
            } else if !line.starts_with('{')
                && let Some((name, _)) = line.split_once(" = [")
            {
                list = name;
            }
            match (section, list) {
                ("[licenses]", "allow") => policy.licences.extend(quoted(line)),
                ("[bans]", "deny") => policy
                    .banned
                    .extend(value(line, "crate").map(|banned| (banned, wrappers(line)))),
                ("[[licenses.clarify]]", "") => {
                    clarified = value(line, "crate").unwrap_or(clarified);
                    if let Some(expression) = value(line, "expression") {
                        policy.clarified.insert(clarified.clone(), expression);
                    }
                }
                _ => {}
            }
            if line.ends_with(']') {
                list = "";
            }
        }
        if policy.licences.is_empty() || policy.banned.is_empty() {
            bail!("deny.toml: found no list `allow` in [licenses], or no list `deny` in [bans]");
        }
        Ok(policy)
    }
}

/// Who may bring a banned crate.
fn wrappers(line: &str) -> BTreeSet<String> {
    let list = line.split_once("wrappers = [").map(|(_, list)| list);
    let list = list.and_then(|list| list.split(']').next());
    quoted(list.unwrap_or_default()).collect()
}

/// The line up to a `#` that stands in no quotes.
fn without_comment(line: &str) -> &str {
    let starts = line.match_indices('#').map(|(at, _)| at);
    let end = starts
        .into_iter()
        .find(|at| line[..*at].matches('"').count().is_multiple_of(2));
    &line[..end.unwrap_or(line.len())]
}

/// Everything in quotes.
fn quoted(line: &str) -> impl Iterator<Item = String> {
    line.split('"').skip(1).step_by(2).map(str::to_owned)
}

/// The string after `key = `.
fn value(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("{key} = \""))?;
    rest.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn our_own_file_can_be_read() {
        let policy = Policy::read(include_str!("../../../deny.toml")).unwrap();
        assert!(policy.licences.contains("Apache-2.0"));
        let wrappers = ["rdkafka-sys".to_owned()].into();
        assert_eq!(policy.banned.get("openssl-sys"), Some(&wrappers));
        assert_eq!(policy.banned.get("native-tls"), Some(&[].into()));
        assert!(policy.clarified.contains_key("saffron"));
    }

    #[test]
    fn comments_and_other_lists_do_not_count() {
        let text = "[licenses]\nallow = [\n  \"MIT\", # not \"GPL-3.0\"\n  # \"ISC\",\n]\n\
                    private = [\"LGPL-3.0\"]\n[bans]\ndeny = [\n\
                    { crate = \"a\", reason = \"b\" },\n]\n\
                    skip = [{ crate = \"c\" }]\n";
        let policy = Policy::read(text).unwrap();
        assert_eq!(policy.licences, ["MIT".to_owned()].into());
        assert_eq!(policy.banned, [("a".to_owned(), [].into())].into());
    }

    #[test]
    fn a_file_without_the_lists_is_an_error() {
        assert!(Policy::read("[licenses]\n").is_err());
    }
}
