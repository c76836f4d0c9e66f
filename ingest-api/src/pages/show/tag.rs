//! Tags, with their colour. A page may not bring its own style, so a colour is a class where it has a name, and the fill of a
//! dot where it is mixed.

use crate::pages::shell::Shell;
use millstream_domain::tag::NAMED;
use millstream_event_log::events::task::Tag;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A tag, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagMark {
    pub(crate) name: String,
    /// One of the names of colours.
    pub(crate) named: Option<String>,
    /// A mixed colour, such as `#1e90ff`.
    pub(crate) mixed: Option<String>,
}

impl TagMark {
    /// How this tag of a task looks.
    pub(crate) fn of(tag: &Tag, shell: &Shell) -> Self {
        let color = shell.tag_colors.get(&tag.id).map(String::as_str);
        Self::new(&tag.name, color)
    }

    /// The query that finds what carries it, as a part of an address.
    pub(crate) fn query(&self) -> String {
        let query = format!("tag:\"{}\"", self.name);
        utf8_percent_encode(&query, NON_ALPHANUMERIC).to_string()
    }

    /// A tag of this name and colour.
    pub(crate) fn new(name: &str, color: Option<&str>) -> Self {
        let color = color.map(str::to_owned);
        let is_named = |color: &String| NAMED.contains(&color.as_str());
        Self {
            name: name.to_owned(),
            named: color.clone().filter(is_named),
            mixed: color.filter(|color| !is_named(color)),
        }
    }
}
