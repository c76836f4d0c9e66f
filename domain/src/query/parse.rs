//! From pieces to a tree. `or` = `all` (OR `all`)*; `all` = `one`+; `one` = `-`? ( `or` ) | word | phrase | field.

use super::filter::{self, Field};
use super::scan::{Piece, PieceKind, pieces};
use super::tree::{Node, Place, TextKind, Texts};
use super::{BEGINNING_TERMS, DEPTH_MAX, QUERY_BYTES_MAX, QueryError, TERMS_MAX};
use std::ops::Range;

/// Reads a query; `None` for a blank one.
pub(super) fn query(text: &str) -> Result<Option<Node>, QueryError> {
    if text.len() > QUERY_BYTES_MAX {
        let message = format!(
            "the query must have at most {QUERY_BYTES_MAX} bytes, has {}",
            text.len()
        );
        return Err(QueryError::new(text, 0..text.len(), message));
    }
    let pieces = pieces(text)?;
    if pieces.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        text,
        pieces: &pieces,
        next: 0,
        terms: 0,
        depth: 0,
        denying: false,
    };
    let root = parser.alternatives()?;
    match parser.peek() {
        Some(piece) => Err(parser.error(piece.at.clone(), CLOSES_NONE)),
        None => Ok(Some(root)),
    }
}

const CLOSES_NONE: &str = "this parenthesis closes none; put text into quotes";

/// What stands in a conjunction.
enum One {
    Node(Node),
    /// Says where the texts beside it are looked for.
    In(Vec<Place>, Range<usize>),
}

struct Parser<'a> {
    text: &'a str,
    pieces: &'a [Piece],
    next: usize,
    terms: usize,
    depth: usize,
    /// What is read next is denied.
    denying: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Piece> {
        self.pieces.get(self.next)
    }

    fn error(&self, at: Range<usize>, message: impl Into<String>) -> QueryError {
        QueryError::new(self.text, at, message)
    }

    fn is_word(&self, index: usize, word: &str) -> bool {
        matches!(self.pieces.get(index), Some(Piece { kind: PieceKind::Run(run), .. }) if run == word)
    }

    /// Whether something to be joined stands at this piece.
    fn is_operand(&self, index: usize) -> bool {
        match self.pieces.get(index).map(|piece| &piece.kind) {
            None | Some(PieceKind::Close) => false,
            Some(_) => !self.is_word(index, "OR"),
        }
    }

    fn alternatives(&mut self) -> Result<Node, QueryError> {
        // The word alone is looked for.
        if self.pieces.len() == 1 && self.is_word(0, "OR") {
            return self.conjunction();
        }
        let mut nodes = vec![self.conjunction()?];
        while self.is_word(self.next, "OR") {
            self.next += 1;
            nodes.push(self.conjunction()?);
        }
        Ok(one_or(nodes, Node::Any))
    }

    fn conjunction(&mut self) -> Result<Node, QueryError> {
        let (mut nodes, mut places) = (Vec::new(), None);
        let lone = self.pieces.len() == 1;
        while lone && self.next == 0 || self.is_operand(self.next) {
            // Between two operands it says what goes without saying; elsewhere it is a word.
            if !nodes.is_empty() && self.is_word(self.next, "AND") && self.is_operand(self.next + 1)
            {
                self.next += 1;
                continue;
            }
            match self.one()? {
                One::Node(node) => nodes.push(node),
                One::In(more, at) => {
                    let (all, _) = places.get_or_insert_with(|| (Vec::new(), at));
                    all.extend(more);
                }
            }
        }
        if nodes.is_empty() && places.is_none() {
            return Err(self.nothing());
        }
        let Some((places, at)) = places else {
            return Ok(one_or(nodes, Node::All));
        };
        if !nodes
            .iter()
            .any(|node| node.any(&mut |node| matches!(node, Node::Text(_))))
        {
            return Err(self.error(
                at,
                "in: says where words are looked for, and needs words beside it",
            ));
        }
        Ok(Node::Within(places, Box::new(one_or(nodes, Node::All))))
    }

    /// Where something to look for was expected.
    fn nothing(&self) -> QueryError {
        let end = self.text.len();
        let at = self.peek().map_or(end..end, |piece| piece.at.clone());
        let beside_or = self.is_word(self.next, "OR")
            || self
                .next
                .checked_sub(1)
                .is_some_and(|before| self.is_word(before, "OR"));
        let message = match self.peek().map(|piece| &piece.kind) {
            _ if beside_or => {
                "OR needs something on both sides; to look for the word, put it into quotes"
            }
            Some(PieceKind::Close) if self.depth == 0 => CLOSES_NONE,
            Some(_) => "there is nothing between these parentheses",
            None => "a parenthesis is not closed",
        };
        self.error(at, message)
    }

    fn one(&mut self) -> Result<One, QueryError> {
        let Some(Piece { kind, at }) = self.pieces.get(self.next) else {
            return Err(self.nothing());
        };
        self.next += 1;
        match kind {
            PieceKind::Minus => self.denied(at),
            PieceKind::Open => self.group(at).map(One::Node),
            PieceKind::Close => Err(self.error(at.clone(), CLOSES_NONE)),
            PieceKind::Quoted(text) => {
                self.count(1, at)?;
                Ok(One::Node(Node::Text(Texts {
                    text: text.clone(),
                    kind: TextKind::Phrase,
                })))
            }
            PieceKind::Run(run) => self.run(run, at),
        }
    }

    fn denied(&mut self, minus: &Range<usize>) -> Result<One, QueryError> {
        if !self.is_operand(self.next) {
            return Err(self.error(minus.clone(), "there is nothing behind the minus"));
        }
        self.denying = true;
        let one = self.one()?;
        self.denying = false;
        match one {
            One::Node(node) => Ok(One::Node(Node::Not(Box::new(node)))),
            One::In(_, at) => Err(self.error(at, "in: cannot be denied; deny the words beside it")),
        }
    }

    fn group(&mut self, open: &Range<usize>) -> Result<Node, QueryError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(
                open.clone(),
                format!("at most {DEPTH_MAX} parentheses within parentheses"),
            ));
        }
        let node = self.alternatives()?;
        if !matches!(
            self.peek(),
            Some(Piece {
                kind: PieceKind::Close,
                ..
            })
        ) {
            return Err(self.error(open.clone(), "this parenthesis is not closed"));
        }
        self.next += 1;
        self.depth -= 1;
        Ok(node)
    }

    fn run(&mut self, run: &str, at: &Range<usize>) -> Result<One, QueryError> {
        match filter::field(self.text, run, at)? {
            Field::None => {
                // Leaving out what merely begins like the word would hide more than was said.
                let typed = at.end == self.text.len() && !self.denying;
                let (text, kind, terms) = match run.strip_suffix('*') {
                    Some(start) if !start.is_empty() => (start, TextKind::Prefix, BEGINNING_TERMS),
                    _ if typed => (run, TextKind::Prefix, 1),
                    _ => (run, TextKind::Word, 1),
                };
                self.count(terms, at)?;
                Ok(One::Node(Node::Text(Texts {
                    text: text.to_owned(),
                    kind,
                })))
            }
            Field::Filter(filter, values) => {
                self.count(values, at)?;
                Ok(One::Node(Node::Filter(filter)))
            }
            Field::Any(filters) => {
                self.count(filters.len(), at)?;
                Ok(One::Node(one_or(
                    filters.into_iter().map(Node::Filter).collect(),
                    Node::Any,
                )))
            }
            Field::In(places) => {
                self.count(places.len(), at)?;
                Ok(One::In(places, at.clone()))
            }
        }
    }

    fn count(&mut self, terms: usize, at: &Range<usize>) -> Result<(), QueryError> {
        self.terms += terms;
        if self.terms > TERMS_MAX {
            return Err(self.error(
                at.clone(),
                format!(
                    "at most {TERMS_MAX} words and values in a query; a beginning with * counts for {BEGINNING_TERMS}"
                ),
            ));
        }
        Ok(())
    }
}

/// The node itself where there is only one.
fn one_or(mut nodes: Vec<Node>, many: impl FnOnce(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(node) if nodes.is_empty() => node,
        Some(node) => {
            nodes.push(node);
            many(nodes)
        }
        None => many(nodes),
    }
}
