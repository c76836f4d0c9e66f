//! Showing where a hit fits: a piece of each text with what was looked for marked in it.

use crate::document::TaskSource;
use crate::query::begins_name;
use crate::results::Highlight;
use crate::typo;
use crate::words::{escaped, whole, words};
use millstream_domain::query::{Node, Place, Query, TextKind};
use std::borrow::Cow;
use std::ops::Range;

/// Most characters of a piece: two lines on a page.
const PIECE_CHARS_MAX: usize = 200;
/// Characters that stand before the first mark, so that it can be read in its sentence.
const LEAD_CHARS: usize = 40;
/// Most comments that pieces are shown of.
const COMMENTS_SHOWN_MAX: usize = 3;
/// Most bytes of comments that are read for a hit: what is said further back is found, and not shown.
const COMMENTS_READ_BYTES_MAX: usize = 128 << 10;

/// What is looked for in texts.
#[derive(Debug, Default)]
pub(crate) struct Needles(Vec<Needle>);

#[derive(Debug)]
struct Needle {
    words: Vec<String>,
    /// Only the beginning of the last word is known.
    beginning: bool,
    /// A word that differs by one typing error is one too.
    forgiving: bool,
    whole: String,
    places: Option<Vec<Place>>,
}

impl Needles {
    /// Everything that a query wants in texts; not what it denies.
    pub(crate) fn of(query: &Query) -> Self {
        let mut needles = Self::default();
        if let Some(root) = query.root() {
            needles.add(root, None);
        }
        needles
    }

    fn add(&mut self, node: &Node, places: Option<&[Place]>) {
        match node {
            Node::All(nodes) | Node::Any(nodes) => {
                for node in nodes {
                    self.add(node, places);
                }
            }
            Node::Within(places, node) => self.add(node, Some(places)),
            Node::Text(texts) => {
                let found = words(&texts.text);
                let open = found
                    .last()
                    .is_some_and(|(_, at)| at.end == texts.text.len());
                let words: Vec<_> = found.into_iter().map(|(word, _)| word).collect();
                self.0.push(Needle {
                    forgiving: typo::forgiving(texts.kind, &words).is_some(),
                    words,
                    beginning: texts.kind == TextKind::Prefix && open,
                    whole: whole(&texts.text),
                    places: places.map(<[Place]>::to_vec),
                });
            }
            Node::Not(_) | Node::Filter(_) => {}
        }
    }

    /// Where a hit fits.
    pub(crate) fn highlights(&self, source: &TaskSource) -> Vec<Highlight> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let task = &source.task;
        let mut found = Vec::new();
        let mut push = |field, html: Option<String>, comment_id| {
            found.extend(html.map(|html| Highlight {
                field: Cow::Borrowed(field),
                html,
                comment_id,
            }));
        };
        push("name", self.name(&task.name), None);
        push(
            "metadata.imported_from",
            task.imported_from
                .as_deref()
                .and_then(|name| self.name(name)),
            None,
        );
        push("title", self.piece(Place::Title, &task.title), None);
        push(
            "description",
            self.piece(Place::Description, &task.description),
            None,
        );
        for tag in &task.tags {
            push("tags", self.piece(Place::Tags, &tag.name), None);
        }
        let (mut shown, mut read) = (0, 0);
        for comment in source.comments.iter().rev() {
            read += comment.body.len();
            if shown == COMMENTS_SHOWN_MAX || read > COMMENTS_READ_BYTES_MAX {
                break;
            }
            let html = self.piece(Place::Comments, &comment.body);
            shown += usize::from(html.is_some());
            push("comments", html, Some(comment.id));
        }
        found
    }

    /// A name, marked, if it was asked for.
    fn name(&self, name: &str) -> Option<String> {
        let folded = whole(name);
        let asked = self.0.iter().any(|needle| {
            let begins = needle.beginning && begins_name(&needle.whole);
            let fits = needle.whole == folded || begins && folded.starts_with(&needle.whole);
            needle.places.is_none() && fits
        });
        asked.then(|| format!("<mark>{}</mark>", escaped(name)))
    }

    /// The piece of a text in which most of what was looked for stands.
    fn piece(&self, place: Place, text: &str) -> Option<String> {
        let marks = self.marks(place, text);
        // The best piece begins at the mark from which on the most of them fit in.
        let (mut best, mut end) = (None, 0);
        for (start, first) in marks.iter().enumerate() {
            while marks
                .get(end)
                .is_some_and(|mark| mark.end <= first.start + PIECE_CHARS_MAX)
            {
                end += 1;
            }
            let count = end.saturating_sub(start);
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, first));
            }
        }
        best.map(|(_, first)| cut(text, first, &marks))
    }

    /// What was looked for in a text, in order and without overlaps.
    fn marks(&self, place: Place, text: &str) -> Vec<Range<usize>> {
        let needles: Vec<_> = self
            .0
            .iter()
            .filter(|needle| !needle.words.is_empty())
            .filter(|needle| {
                needle
                    .places
                    .as_ref()
                    .is_none_or(|places| places.contains(&place))
            })
            .collect();
        if needles.is_empty() {
            return Vec::new();
        }
        let text_words = words(text);
        let mut marks: Vec<Range<usize>> = Vec::new();
        for at in 0..text_words.len() {
            let lengths = needles
                .iter()
                .filter(|needle| needle.stands(&text_words[at..]))
                .map(|needle| needle.words.len());
            let Some(length) = lengths.max() else {
                continue;
            };
            let range = text_words[at].1.start..text_words[at + length - 1].1.end;
            match marks.last_mut() {
                Some(last) if last.end > range.start => last.end = last.end.max(range.end),
                _ => marks.push(range),
            }
        }
        marks
    }
}

impl Needle {
    /// Whether these words begin with it.
    fn stands(&self, text: &[(String, Range<usize>)]) -> bool {
        let Some((last, before)) = self.words.split_last() else {
            return false;
        };
        let Some((end, _)) = text.get(before.len()) else {
            return false;
        };
        let ends = end == last
            || self.beginning && end.starts_with(last.as_str())
            || self.forgiving && typo::near(last, end);
        ends && before
            .iter()
            .zip(text)
            .all(|(word, (other, _))| word == other)
    }
}

/// The text around a mark as HTML, with all marks that fit in whole.
fn cut(text: &str, first: &Range<usize>, marks: &[Range<usize>]) -> String {
    let start = match text[..first.start].char_indices().rev().nth(LEAD_CHARS) {
        // From the next blank on, so that no word is cut.
        Some((at, _)) => {
            text[at..first.start]
                .find(char::is_whitespace)
                .map_or(first.start, |blank| {
                    let blank = at + blank;
                    blank + text[blank..].chars().next().map_or(0, char::len_utf8)
                })
        }
        None => 0,
    };
    let end = match text[start..].char_indices().nth(PIECE_CHARS_MAX) {
        Some((limit, _)) => {
            let limit = (start + limit).max(first.end);
            let blank = text[first.end..limit].rfind(char::is_whitespace);
            blank.map_or(limit, |blank| first.end + blank)
        }
        None => text.len(),
    };
    let mut html = String::new();
    if start > 0 {
        html.push('…');
    }
    let mut at = start;
    for mark in marks
        .iter()
        .filter(|mark| mark.start >= start && mark.end <= end)
    {
        html.push_str(&escaped(&text[at..mark.start]));
        html.push_str("<mark>");
        html.push_str(&escaped(&text[mark.clone()]));
        html.push_str("</mark>");
        at = mark.end;
    }
    html.push_str(&escaped(&text[at..end]));
    if end < text.len() {
        html.push('…');
    }
    html
}
