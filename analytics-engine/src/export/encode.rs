//! From rows to bytes, batch by batch.

use super::ExportError;
use super::csv::Csv;
use crate::bounds::{ROW_GROUP_BYTES, ROW_GROUP_ROWS};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::writer::JsonArray;
use arrow::json::{Writer, WriterBuilder};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use millstream_domain::report::ReportFormat;
use serde_json::Value;

/// Level 1: most of the gain for a fraction of the work.
const LEVEL: i32 = 1;

/// Writes one file. What it has written is taken out of it after each batch.
pub(super) enum Encoder {
    Csv(Box<Csv>),
    Json(Box<Writer<Vec<u8>, JsonArray>>),
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

impl Encoder {
    /// A file of rows of this form; `head` stands before the rows where the format has room for it.
    pub(super) fn new(
        format: ReportFormat,
        schema: &SchemaRef,
        head: &Value,
    ) -> Result<Self, ExportError> {
        Ok(match format {
            ReportFormat::Csv => Self::Csv(Box::new(Csv::new(schema)?)),
            ReportFormat::Json => {
                let mut begun = head.to_string();
                begun.truncate(begun.len() - 1);
                begun.push_str(",\"data\":");
                let writer = WriterBuilder::new().with_explicit_nulls(true);
                Self::Json(Box::new(writer.build(begun.into_bytes())))
            }
            ReportFormat::Parquet => {
                let level = ZstdLevel::try_new(LEVEL).expect("a level that there is");
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(level))
                    .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
                    .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
                    .build();
                let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties));
                Self::Parquet(Box::new(writer.map_err(ExportError::unwritable)?))
            }
        })
    }

    /// Writes rows; the bytes that are ready.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ExportError> {
        Ok(match self {
            Self::Csv(csv) => {
                csv.write(batch)?;
                csv.take()
            }
            Self::Json(writer) => {
                writer.write(batch).map_err(ExportError::unwritable)?;
                std::mem::take(writer.get_mut())
            }
            Self::Parquet(writer) => {
                writer.write(batch).map_err(ExportError::unwritable)?;
                // Only taken away, which leaves the count of what was written as it is.
                std::mem::take(writer.inner_mut())
            }
        })
    }

    /// The last bytes.
    pub(super) fn finish(self) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Csv(mut csv) => Ok(csv.take()),
            Self::Json(mut writer) => {
                writer.finish().map_err(ExportError::unwritable)?;
                let mut bytes = writer.into_inner();
                bytes.push(b'}');
                Ok(bytes)
            }
            Self::Parquet(writer) => writer.into_inner().map_err(ExportError::unwritable),
        }
    }
}
