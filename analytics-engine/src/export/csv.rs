//! Comma-separated values, safe to be opened as a sheet.
//!
//! A text that begins like a formula would be computed by programs that show sheets: whoever names a task could so have another
//! reader's machine do something. Such a text gets an apostrophe in front, which those programs take for "this is a text".

use super::ExportError;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use csv::Writer;
use std::fmt::Write as _;

/// What a formula can begin with; also tab and the ends of lines, behind which programs look for one.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// Writes one file.
pub(super) struct Csv {
    writer: Option<Writer<Vec<u8>>>,
}

impl Csv {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, ExportError> {
        let mut writer = Writer::from_writer(Vec::new());
        let names = schema.fields().iter().map(|field| field.name());
        writer
            .write_record(names)
            .map_err(ExportError::unwritable)?;
        Ok(Self {
            writer: Some(writer),
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ExportError> {
        let options = FormatOptions::default();
        let columns: Result<Vec<_>, _> = batch
            .columns()
            .iter()
            .map(|column| Column::new(column, &options))
            .collect();
        let columns = columns?;
        let fresh = || Writer::from_writer(Vec::new());
        let writer = self.writer.get_or_insert_with(fresh);
        let mut cell = String::new();
        for row in 0..batch.num_rows() {
            for column in &columns {
                cell.clear();
                column.write(row, &mut cell)?;
                writer.write_field(&cell).map_err(ExportError::unwritable)?;
            }
            // Ends the row.
            let nothing: [&str; 0] = [];
            writer
                .write_record(nothing)
                .map_err(ExportError::unwritable)?;
        }
        Ok(())
    }

    /// What was written since it was last asked.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let written = self.writer.take().map(Writer::into_inner);
        written
            .transpose()
            .expect("memory takes what is written")
            .unwrap_or_default()
    }
}

/// A column, and how its values are written.
enum Column<'a> {
    Text(&'a ArrayRef),
    /// Its items behind each other.
    Texts(&'a ArrayRef),
    Other(&'a ArrayRef, ArrayFormatter<'a>),
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef, options: &FormatOptions<'a>) -> Result<Self, ExportError> {
        Ok(match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text(array),
            DataType::List(_) => Self::Texts(array),
            _ => {
                let formatter = ArrayFormatter::try_new(array, options);
                Self::Other(array, formatter.map_err(ExportError::unwritable)?)
            }
        })
    }

    /// Writes a value; nothing for what is not there.
    fn write(&self, row: usize, cell: &mut String) -> Result<(), ExportError> {
        let (Self::Text(array) | Self::Texts(array) | Self::Other(array, _)) = self;
        if array.is_null(row) {
            return Ok(());
        }
        match self {
            Self::Text(array) => push_text(text_at(array.as_ref(), row), cell),
            Self::Texts(array) => {
                let items = array.as_list::<i32>().value(row);
                let texts: Vec<_> = (0..items.len()).map(|at| text_at(&items, at)).collect();
                push_text(&texts.join(", "), cell);
            }
            Self::Other(_, formatter) => {
                write!(cell, "{}", formatter.value(row)).map_err(ExportError::unwritable)?;
            }
        }
        Ok(())
    }
}

fn text_at(array: &dyn Array, at: usize) -> &str {
    match array.data_type() {
        DataType::LargeUtf8 => array.as_string::<i64>().value(at),
        DataType::Utf8View => array.as_string_view().value(at),
        _ => array.as_string::<i32>().value(at),
    }
}

fn push_text(text: &str, cell: &mut String) {
    if text.starts_with(FORMULA) {
        cell.push('\'');
    }
    cell.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, ListBuilder, StringArray, StringBuilder};
    use std::sync::Arc;

    #[test]
    fn a_text_that_begins_like_a_formula_stays_a_text_and_a_number_a_number() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for tags in [vec!["=a", "b"], vec![], vec!["a,b", "c"]] {
            lists.append_value(tags.into_iter().map(Some));
        }
        let batch = RecordBatch::try_from_iter([
            (
                "title",
                Arc::new(StringArray::from(vec![
                    Some("=1+1"),
                    Some("say \"hi\",\nthen go"),
                    None,
                ])) as ArrayRef,
            ),
            ("hours", Arc::new(Int64Array::from(vec![-5, 0, 7]))),
            ("tags", Arc::new(lists.finish())),
        ]);
        let batch = batch.expect("columns of one length");
        let mut csv = Csv::new(&batch.schema()).expect("names");
        csv.write(&batch).expect("rows");
        let first = String::from_utf8(csv.take()).expect("text");
        assert_eq!(
            first,
            "title,hours,tags\n'=1+1,-5,\"'=a, b\"\n\"say \"\"hi\"\",\nthen go\",0,\n,7,\"a,b, c\"\n"
        );
        assert!(csv.take().is_empty());
        for start in ["+", "-", "@", "\t", "\r", "\n"] {
            let mut cell = String::new();
            push_text(&format!("{start}x"), &mut cell);
            assert_eq!(cell, format!("'{start}x"));
        }
    }
}
