//! A CSV file as rows, each with the line that it begins in.

use crate::usage::Usage;
use anyhow::Result;
use csv::{ByteRecord, Position, Reader, ReaderBuilder};
use std::borrow::Cow;

/// What spreadsheets put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The rows of a file below its head. Can be read as often as one likes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
}

/// One row, as it stands in the file.
#[derive(Debug)]
pub(crate) struct RawRow {
    /// The line that it begins in, from 1.
    pub(crate) line: u64,
    cells: ByteRecord,
}

impl<'a> Table<'a> {
    /// The table of a file, and the names of its columns.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<(Self, Vec<String>)> {
        let table = Self {
            bytes: bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes),
        };
        if let Some(line) = table.unclosed_quote() {
            return Err(Usage::because(format!(
                "the quotation mark that opens in line {line} is never closed: all that follows it would be one cell"
            )));
        }
        let mut reader = table.reader();
        let head = reader
            .byte_headers()
            .map_err(|error| Usage::because(format!("the file is not CSV: {error}")))?;
        let names: Vec<String> = head
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        if names.iter().all(String::is_empty) {
            return Err(Usage::because(
                "the file is empty: its first line must name the columns",
            ));
        }
        Ok((table, names))
    }

    /// The rows.
    pub(crate) fn rows(self) -> impl Iterator<Item = RawRow> + use<'a> {
        let mut reader = self.reader();
        let mut cells = ByteRecord::new();
        std::iter::from_fn(move || {
            // Of a slice, with rows of any length, every read succeeds.
            if !reader.read_byte_record(&mut cells).unwrap_or(false) {
                return None;
            }
            Some(RawRow {
                line: cells.position().map_or(0, |start| self.line(start)),
                cells: cells.clone(),
            })
        })
    }

    /// The line in which a cell begins that does not end. Within a cell a mark is written twice (RFC 4180).
    fn unclosed_quote(self) -> Option<u64> {
        let (mut line, mut opened) = (1, None);
        let mut at_start = true;
        let mut bytes = self.bytes.iter().peekable();
        while let Some(byte) = bytes.next() {
            line += u64::from(*byte == b'\n');
            match (byte, opened) {
                (b'"', Some(_)) if bytes.next_if_eq(&&b'"').is_none() => opened = None,
                (b'"', None) if at_start => opened = Some(line),
                _ => {}
            }
            at_start = matches!(byte, b',' | b'\n' | b'\r');
        }
        opened
    }

    /// The line of a record, behind the empty ones that the reader takes for its beginning.
    fn line(self, start: &Position) -> u64 {
        let at = usize::try_from(start.byte()).unwrap_or(usize::MAX);
        let rest = self.bytes.get(at..).unwrap_or_default();
        let breaks = rest.iter().take_while(|byte| b"\r\n".contains(byte));
        start.line() + breaks.filter(|byte| **byte == b'\n').count() as u64
    }

    fn reader(self) -> Reader<&'a [u8]> {
        ReaderBuilder::new().flexible(true).from_reader(self.bytes)
    }
}

impl RawRow {
    /// How many cells it has.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell's text; the error says what is wrong with it. U+0000 has become U+FFFD.
    pub(crate) fn text(&self, column: usize) -> Result<Cow<'_, str>, String> {
        let cell = self.cells.get(column).unwrap_or_default();
        let text = std::str::from_utf8(cell).map_err(|error| {
            let at = error.valid_up_to();
            format!(
                "is not UTF-8 from its byte {} on: save the file as UTF-8",
                at + 1
            )
        })?;
        Ok(if text.contains('\0') {
            Cow::Owned(text.replace('\0', "\u{fffd}"))
        } else {
            Cow::Borrowed(text)
        })
    }

    /// All cells as they are, for a hash.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        self.cells.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_the_line_they_begin_in() {
        let (table, head) = Table::open(b"\xef\xbb\xbfa, b\n1,\"x\ny\"\n\n2,z\n").expect("a table");
        assert_eq!(head, ["a", "b"]);
        let rows: Vec<_> = table
            .rows()
            .map(|row| (row.line, row.text(1).expect("text").into_owned()))
            .collect();
        assert_eq!(rows, [(2, "x\ny".to_owned()), (5, "z".to_owned())]);
    }

    #[test]
    fn a_cell_that_never_ends_swallows_no_rows() {
        let told = |file: &[u8]| {
            Table::open(file)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        assert!(told(b"a,b\n1,\"x\n2,y\n3,z\n").contains("line 2"));
        assert!(told(b"a\n\"x \"\" y\n").contains("line 2"));
        for good in [
            &b"a,b\n\"x\"\"\",\"\ny\"\n"[..],
            b"a\n5\" pipe\n",
            b"a\n\"\"\n",
            b"a\n\"x\"",
        ] {
            assert_eq!(told(good), "", "{}", String::from_utf8_lossy(good));
        }
    }

    #[test]
    fn a_cell_that_is_not_utf_8_says_where() {
        let (table, _) = Table::open(b"a\ncaf\xe9\n").expect("a table");
        let row = table.rows().next().expect("a row");
        assert!(row.text(0).is_err_and(|told| told.contains("byte 4")));
    }

    #[test]
    fn a_file_without_a_head_is_refused() {
        assert!(Table::open(b"").is_err());
        assert!(Table::open(b"\n\n").is_err());
    }
}
