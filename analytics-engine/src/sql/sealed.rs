//! Views that nothing of a statement comes into: its conditions and expressions see rows only once those that the asker may
//! not see are gone.
//!
//! An optimizer moves conditions to where the rows are. `cast(title as int) = 1` would be tried on a row of another team before
//! that row is taken away, and its error tells the title.

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};
use futures::{StreamExt as _, stream};
use std::sync::Arc;

/// A view of which a statement sees nothing but the rows.
#[derive(Debug)]
pub(super) struct Sealed {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl Sealed {
    pub(super) fn new(plan: LogicalPlan) -> Self {
        let schema = Arc::clone(plan.schema().inner());
        Self { plan, schema }
    }
}

#[async_trait]
impl TableProvider for Sealed {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    /// Which columns are wanted goes inside, conditions do not.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut rows = LogicalPlanBuilder::from(self.plan.clone());
        if let Some(columns) = projection {
            rows = rows.select(columns.iter().copied())?;
        }
        let plan = state.create_physical_plan(&rows.build()?).await?;
        let parts = 0..plan.output_partitioning().partition_count();
        let schema = plan.schema();
        let part = |part| -> Arc<dyn PartitionStream> {
            Arc::new(Part {
                plan: Arc::clone(&plan),
                schema: plan.schema(),
                number: part,
            })
        };
        let parts = parts.map(part).collect();
        let sealed = StreamingTableExec::try_new(schema, parts, None, [], false, limit)?;
        Ok(Arc::new(sealed))
    }
}

/// One part of the rows of a view.
#[derive(Debug)]
struct Part {
    plan: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    number: usize,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        match self.plan.execute(self.number, context) {
            Ok(rows) => rows,
            Err(error) => Box::pin(RecordBatchStreamAdapter::new(
                Arc::clone(&self.schema),
                stream::once(async { Err(error) }).boxed(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{RecordBatch, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::logical_expr::{col, lit};
    use datafusion::prelude::SessionContext;

    /// A table of two teams, as a view of one of them: an ordinary one, and a sealed one.
    fn context() -> Result<SessionContext> {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        let schema = Schema::new(vec![text("team"), text("title")]);
        let teams = StringArray::from(vec!["ours", "theirs"]);
        let titles = StringArray::from(vec!["42", "a hidden wheel"]);
        let rows = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(teams), Arc::new(titles)])?;
        let context = SessionContext::new();
        let seen = context
            .read_batch(rows)?
            .filter(col("team").eq(lit("ours")))?;
        let sealed = Sealed::new(seen.clone().into_unoptimized_plan());
        context.register_table("plain", seen.into_view())?;
        context.register_table("sealed", Arc::new(sealed))?;
        Ok(context)
    }

    #[tokio::test]
    async fn a_condition_is_tried_on_rows_that_are_seen_alone() -> Result<()> {
        let context = context()?;
        let count = async |view: &str| {
            let sql = format!("select title from {view} where cast(title as bigint) > 0");
            context.sql(&sql).await?.count().await
        };
        assert_eq!(count("sealed").await?, 1);
        // Whoever reads the error of the other one has read what they may not see.
        let told = count("plain").await.map_err(|error| error.to_string());
        assert!(told.is_err_and(|told| told.contains("a hidden wheel")));
        Ok(())
    }
}
