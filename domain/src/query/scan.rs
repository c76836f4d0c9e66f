//! From the text of a query to its pieces, each with its place.

use super::QueryError;
use std::ops::Range;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    pub(super) at: Range<usize>,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PieceKind {
    Open,
    Close,
    /// A minus that denies what follows.
    Minus,
    /// A run of characters without blanks; quotes in it are kept and may hold blanks.
    Run(String),
    /// What stood between quotes.
    Quoted(String),
}

/// What begins and ends a phrase; keyboards of phones type the curved ones.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

/// Cuts a query into pieces.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, QueryError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let end = at + c.len_utf8();
        if c.is_whitespace() {
            at = end;
            continue;
        }
        let piece = match c {
            '(' => Piece {
                kind: PieceKind::Open,
                at: at..end,
            },
            ')' => Piece {
                kind: PieceKind::Close,
                at: at..end,
            },
            '-' if denies(&text[end..]) => Piece {
                kind: PieceKind::Minus,
                at: at..end,
            },
            c if is_quote(c) => quoted(text, at, end)?,
            _ => run(text, at)?,
        };
        at = piece.at.end;
        pieces.push(piece);
    }
    Ok(pieces)
}

/// Whether a minus before this denies it: a flag such as `--verbose` is a word, and so is a lone dash.
fn denies(rest: &str) -> bool {
    rest.chars()
        .next()
        .is_some_and(|c| c != '-' && c != ')' && !c.is_whitespace())
}

fn quoted(text: &str, start: usize, inside: usize) -> Result<Piece, QueryError> {
    let Some(length) = text[inside..].find(is_quote) else {
        return Err(QueryError::new(
            text,
            start..text.len(),
            "the quote is not closed",
        ));
    };
    let close = inside + length;
    let end = close + text[close..].chars().next().map_or(0, char::len_utf8);
    Ok(Piece {
        kind: PieceKind::Quoted(text[inside..close].to_owned()),
        at: start..end,
    })
}

/// A run up to the next blank, or to a parenthesis that closes none of its own. Behind a colon or a comma a quote may
/// begin a value with blanks in it.
fn run(text: &str, start: usize) -> Result<Piece, QueryError> {
    let (mut depth, mut before, mut at) = (0_usize, ' ', start);
    while let Some(c) = text[at..].chars().next() {
        let end = at + c.len_utf8();
        match c {
            c if c.is_whitespace() => break,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            '(' => depth += 1,
            c if is_quote(c) && matches!(before, ':' | ',') => {
                at = quoted(text, at, end)?.at.end;
                before = c;
                continue;
            }
            _ => {}
        }
        (before, at) = (c, end);
    }
    Ok(Piece {
        kind: PieceKind::Run(text[start..at].to_owned()),
        at: start..at,
    })
}

/// The values of a field, cut at commas outside of quotes, without their quotes; each with its place in the text.
pub(super) fn values(text: &str, start: usize) -> Vec<(String, Range<usize>)> {
    let (mut values, mut value, mut from, mut within) = (Vec::new(), String::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            ',' if !within => {
                values.push((std::mem::take(&mut value), start + from..start + at));
                from = at + 1;
            }
            c if is_quote(c) => within = !within,
            c => value.push(c),
        }
    }
    values.push((value, start + from..start + text.len()));
    values
}
