//! What may be run: one query that only reads. Found out from what the statement is, and again from what it is planned to do;
//! nothing is guessed from its text but how it begins.

use super::bounds::{
    CROSS_JOINS_MAX, EXPRESSION_DEPTH_MAX, MESSAGE_CHARS_MAX, NESTING_MAX, SERIES_MAX, TOKENS_MAX,
};
use super::wire::Problem;
use arrow::error::ArrowError;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, ObjectName, Query, Statement as SqlStatement, TableFactor, Visit as _,
    Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use std::fmt::Display;
use std::ops::ControlFlow;

/// What somebody is told whose statement needs more memory than there is for it.
pub(super) const MEMORY: &str =
    "the statement needs more memory than it may have: ask for fewer rows, or for less of them";

/// How a query may begin.
const BEGINNINGS: [&str; 5] = ["select", "with", "values", "table", "from"];

/// The query, if it is one and may be planned.
pub(super) fn parse(sql: &str) -> Result<Statement, Problem> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| Problem::Refused(error.to_string()))?;
    let words = tokens
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::SemiColon));
    if words.clone().count() > TOKENS_MAX {
        return Err(Problem::Limit(format!(
            "the statement has more than {TOKENS_MAX} words and signs: shorten it"
        )));
    }
    begins_well(words.clone().next())?;
    let statements = DFParserBuilder::new(sql)
        .with_recursion_limit(NESTING_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(|error| problem(&error))?;
    let (Some(statement), None) = (statements.pop_front(), statements.pop_front()) else {
        let why = "one statement at a time: there is another one behind the first";
        return Err(Problem::Refused(why.to_owned()));
    };
    match &statement {
        Statement::Statement(query) if matches!(**query, SqlStatement::Query(_)) => {
            match query.visit(&mut Look::default()) {
                ControlFlow::Continue(()) => Ok(statement),
                ControlFlow::Break(problem) => Err(*problem),
            }
        }
        _ => Err(Problem::Refused("only queries can be run".to_owned())),
    }
}

fn begins_well(first: Option<&TokenWithSpan>) -> Result<(), Problem> {
    let Some(first) = first else {
        return Err(Problem::Refused("there is no statement".to_owned()));
    };
    let begins_well = match &first.token {
        Token::LParen => true,
        Token::Word(word) => BEGINNINGS.contains(&&*word.value.to_lowercase()),
        _ => false,
    };
    if begins_well {
        return Ok(());
    }
    let (place, word) = (first.span.start, shortened(first.token.to_string()));
    Err(Problem::Refused(format!(
        "only queries can be run, which begin with SELECT, WITH or VALUES; this begins with \"{word}\" at line {}, column {}",
        place.line, place.column
    )))
}

/// Looks through a query for what would cost too much to even plan.
#[derive(Default)]
struct Look {
    depth: usize,
}

impl Visitor for Look {
    // In a box, as the trait wants it: a small one is on every frame of the way down.
    type Break = Box<Problem>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if query.with.as_ref().is_some_and(|with| with.recursive) {
            let why = "WITH RECURSIVE cannot be run: a query that asks itself may never end";
            return ControlFlow::Break(Box::new(Problem::Refused(why.to_owned())));
        }
        if !query.locks.is_empty() {
            let why =
                "FOR UPDATE and FOR SHARE cannot be run: nothing is locked where one only reads";
            return ControlFlow::Break(Box::new(Problem::Refused(why.to_owned())));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            return ControlFlow::Break(Box::new(Problem::Limit(format!(
                "an expression is more than {EXPRESSION_DEPTH_MAX} deep, each sign of a chain such as 1+1+1 being a level: \
                 take it apart"
            ))));
        }
        match expr {
            Expr::Function(call) => match &call.args {
                FunctionArguments::List(list) => series(&call.name, &list.args),
                FunctionArguments::None | FunctionArguments::Subquery(_) => {
                    ControlFlow::Continue(())
                }
            },
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<Self::Break> {
        match table {
            TableFactor::Table {
                sample: Some(_), ..
            } => {
                let why =
                    "TABLESAMPLE cannot be run: write WHERE random() < 0.1 for a tenth of the rows";
                ControlFlow::Break(Box::new(Problem::Refused(why.to_owned())))
            }
            TableFactor::Table {
                name,
                args: Some(args),
                ..
            } => series(name, &args.args),
            TableFactor::Function { name, args, .. } => series(name, args),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Whether what is made up has an end in sight. Numbers that are computed are not looked at: memory and time limit those.
fn series(name: &ObjectName, args: &[impl Display]) -> ControlFlow<Box<Problem>> {
    let name = name.to_string().to_lowercase();
    let number = |arg: &dyn Display| arg.to_string().parse::<f64>().ok();
    let is_long = args
        .iter()
        .filter_map(|arg| number(arg))
        .any(|number| number.abs() > SERIES_MAX);
    if is_long && matches!(&*name, "generate_series" | "range") {
        return ControlFlow::Break(Box::new(Problem::Limit(format!(
            "{name} makes at most {SERIES_MAX} values: give it smaller numbers"
        ))));
    }
    ControlFlow::Continue(())
}

/// Whether a plan only reads.
pub(super) fn only_reads(plan: &LogicalPlan) -> Result<(), Problem> {
    let reads = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    reads.verify_plan(plan).map_err(|error| problem(&error))?;
    let mut other = None;
    let looked = plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::Join(_)
            | LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::Union(_)
            | LogicalPlan::TableScan(_)
            | LogicalPlan::EmptyRelation(_)
            | LogicalPlan::Subquery(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Values(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Unnest(_) => {}
            LogicalPlan::Statement(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Analyze(_)
            | LogicalPlan::Extension(_)
            | LogicalPlan::Dml(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::DescribeTable(_)
            | LogicalPlan::RecursiveQuery(_) => {
                other = Some(node.display().to_string());
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    looked.map_err(|error| problem(&error))?;
    match other.map(shortened) {
        Some(other) => Err(Problem::Refused(format!(
            "only queries can be run, not \"{other}\""
        ))),
        None => Ok(()),
    }
}

/// Whether an optimized plan multiplies few tables with one another: joins that get their condition from elsewhere in the
/// statement have it there by then.
pub(super) fn multiplies_little(plan: &LogicalPlan) -> Result<(), Problem> {
    let mut cross_joins = 0;
    let looked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Join(join) = node {
            cross_joins += usize::from(multiplies(join));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    looked.map_err(|error| problem(&error))?;
    if cross_joins > CROSS_JOINS_MAX {
        return Err(Problem::Limit(format!(
            "{cross_joins} joins have no condition, and {CROSS_JOINS_MAX} may: each multiplies all rows by those of a table; \
             join ON something"
        )));
    }
    Ok(())
}

/// Whether a join has more rows than both of its sides. With one that has a single row, it has not.
fn multiplies(join: &datafusion::logical_expr::Join) -> bool {
    let is_one = |side: &LogicalPlan| side.max_rows().is_some_and(|rows| rows <= 1);
    join.on.is_empty() && join.filter.is_none() && !is_one(&join.left) && !is_one(&join.right)
}

/// What an error of the engine is to whoever wrote the statement.
pub(super) fn problem(error: &DataFusionError) -> Problem {
    let told = || shortened(placed(told(error.find_root()), error));
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => Problem::Limit(MEMORY.to_owned()),
        // A function that asked for memory before it took it.
        DataFusionError::Execution(why) if why.contains("failed to allocate") => {
            Problem::Limit(MEMORY.to_owned())
        }
        DataFusionError::SQL(parser, _) if **parser == ParserError::RecursionLimitExceeded => {
            Problem::Limit(format!(
                "the statement is nested more than {NESTING_MAX} deep: take it apart"
            ))
        }
        DataFusionError::External(error) if is_of_pattern(&**error) => Problem::Refused(told()),
        DataFusionError::IoError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::ParquetError(_)
        | DataFusionError::External(_) => Problem::Failed(told()),
        DataFusionError::ArrowError(arrow, _)
            if matches!(
                **arrow,
                ArrowError::IoError(..) | ArrowError::ExternalError(_)
            ) =>
        {
            Problem::Failed(told())
        }
        DataFusionError::Internal(_) => {
            Problem::Refused("the engine cannot answer this statement".to_owned())
        }
        _ => Problem::Refused(told()),
    }
}

/// Whether it is about a regular expression: some functions pass its error on as it is.
fn is_of_pattern(error: &(dyn std::error::Error + Send + Sync)) -> bool {
    error.to_string().to_lowercase().contains("regex")
}

/// An error in its own words, without which kind the engine takes it for, and with tables called as people call them.
fn told(error: &DataFusionError) -> String {
    let text = match error {
        DataFusionError::SQL(parser, _) => parser.to_string(),
        DataFusionError::SchemaError(schema, _) => schema.to_string(),
        DataFusionError::ArrowError(arrow, _) => arrow.to_string(),
        DataFusionError::Plan(why)
        | DataFusionError::Execution(why)
        | DataFusionError::NotImplemented(why) => why.clone(),
        other => other.strip_backtrace(),
    };
    let text = text.split(DataFusionError::BACK_TRACE_SEP).next();
    text.unwrap_or_default().replace("datafusion.public.", "")
}

/// An error with where in the statement it is, where the planner knows; the parser says so itself. Behind the first line, which
/// says what is wrong: what follows is what would be right.
fn placed(text: String, error: &DataFusionError) -> String {
    let Some(span) = error.diagnostic().and_then(|diagnostic| diagnostic.span) else {
        return text;
    };
    let (what, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    let (what, place) = (what.trim_end_matches('.'), span.start);
    let told = format!(
        "{what} at line {}, column {}. {rest}",
        place.line, place.column
    );
    told.trim_end_matches([' ', '.']).to_owned()
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(sql: &str, why: &str) {
        match parse(sql) {
            Err(Problem::Refused(told)) => assert!(told.contains(why), "{sql}: {told}"),
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[track_caller]
    fn limited(sql: &str, why: &str) {
        match parse(sql) {
            Err(Problem::Limit(told)) => assert!(told.contains(why), "{why}: {told}"),
            other => panic!("{why}: {other:?}"),
        }
    }

    #[test]
    fn queries_may_be_run() {
        for sql in [
            "select 1",
            " -- a remark\n select 1;",
            "(select 1) union all select 2",
            "with a as (select 1) select * from a",
            "values (1), (2)",
        ] {
            assert!(parse(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_place() {
        for (sql, place) in [
            ("drop table tasks", "\"drop\" at line 1, column 1"),
            (
                "\n  insert into tasks values (1)",
                "\"insert\" at line 2, column 3",
            ),
            ("copy tasks to '/tmp/a'", "\"copy\""),
            ("set a = 1", "\"set\""),
            ("explain analyze select 1", "\"explain\""),
            ("select 1; select 2", "one statement at a time"),
            ("select 1; drop table tasks", "one statement at a time"),
            ("", "no statement"),
            ("select 1 +)", "Line: 1, Column"),
            (
                "with recursive a as (select 1) select * from a",
                "WITH RECURSIVE",
            ),
            ("select * from tasks for update", "FOR UPDATE"),
            (
                "select * from tasks tablesample bernoulli (10)",
                "TABLESAMPLE",
            ),
        ] {
            refused(sql, place);
        }
    }

    #[test]
    fn a_pattern_that_is_too_large_is_the_statements_fault_and_a_broken_disk_is_not() {
        let of = |text: &str| problem(&DataFusionError::External(text.into()));
        assert!(matches!(
            of("Compiled regex exceeds size limit"),
            Problem::Refused(_)
        ));
        assert!(matches!(of("the disk is gone"), Problem::Failed(_)));
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_told_before_it_is_planned() {
        limited(
            &format!("select 1{}", "+1".repeat(5_000)),
            "words and signs",
        );
        limited(&format!("select 1{}", "+1".repeat(300)), "256 deep");
        let brackets = format!("select {}1{}", "(".repeat(200), ")".repeat(200));
        limited(&brackets, "nested");
        limited(
            "select generate_series(9876543210)",
            "at most 1000000 values",
        );
        limited(
            "select * from generate_series(1, 9876543210)",
            "at most 1000000 values",
        );
    }
}
