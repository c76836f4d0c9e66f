//! Asking the index.

use crate::collect::{Best, Rank};
use crate::document::{Source, TaskSource};
use crate::error::SearchError;
use crate::highlight::Needles;
use crate::index::Index;
use crate::query::Compiler;
use crate::results::{Hit, HitTask, SearchResults};
use crate::rights::{both, visible};
use crate::stored;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use millstream_domain::query::Query;
use tantivy::DocAddress;

/// Most hits of a page: what the API allows at most.
pub const LIMIT_MAX: usize = 100;

/// Who asks for what.
#[derive(Debug, Clone, Copy)]
pub struct SearchRequest<'a> {
    /// Who asks: they find what they may see.
    pub caller: UserId,
    /// What for; the empty query lists what changed last.
    pub query: &'a Query,
    /// When, for "today" and "overdue".
    pub now: DateTime<Utc>,
    /// Where, for the same.
    pub zone: Tz,
    /// How many hits, 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// Where the page before ended. Scores move a little with what is written meanwhile, so a hit may change sides with
    /// its neighbour between two pages; where there are no scores, pages are stable.
    pub cursor: Option<&'a str>,
}

impl Index {
    /// Finds tasks that the caller may see as far as the index knows. This blocks.
    pub fn search(&self, request: &SearchRequest<'_>) -> Result<SearchResults, SearchError> {
        self.search_within(request, &Visible::All)
    }

    /// Finds tasks of these teams that the caller may see as far as the index knows: the index follows behind, and who
    /// asks for somebody whose rights are known better gives them here. This blocks.
    pub fn search_within(
        &self,
        request: &SearchRequest<'_>,
        visible: &Visible,
    ) -> Result<SearchResults, SearchError> {
        self.try_search(request, visible)
            .map_err(|error| self.noted(error))
    }

    fn try_search(
        &self,
        request: &SearchRequest<'_>,
        within: &Visible,
    ) -> Result<SearchResults, SearchError> {
        let after = request
            .cursor
            .map(str::parse::<Rank>)
            .transpose()
            .map_err(|_| SearchError::Cursor)?;
        let (searcher, fields) = (self.searcher(), self.fields());
        let SearchRequest {
            caller,
            query,
            now,
            zone,
            ..
        } = *request;
        let limit = request.limit.clamp(1, LIMIT_MAX);

        let visible = both(visible(&searcher, fields, caller)?, within);
        let compiler = Compiler::new(&searcher, fields, caller, now, zone);
        let tree = compiler.compile(query, &visible)?;
        // One more than the page, to know whether there is a next one.
        let mut collected = searcher.search(
            &tree,
            &Best {
                limit: limit + 1,
                after,
            },
        )?;

        let more = collected.best.len() > limit;
        collected.best.truncate(limit);
        let next_cursor = collected
            .best
            .last()
            .filter(|_| more)
            .map(|(rank, _)| rank.to_string());
        let needles = Needles::of(query);
        let read =
            |(rank, address): &(Rank, DocAddress)| match stored::read(&searcher, fields, *address)?
            {
                Source::Task(source) => Ok(hit(&source, rank.score(), &needles)),
                Source::Person(_) | Source::Project(_) | Source::Team(_) => Err(
                    SearchError::Damaged("a document that is no task was found as one".into()),
                ),
            };
        let hits = collected.best.iter().map(read).collect::<Result<_, _>>()?;
        Ok(SearchResults {
            hits,
            total: collected.total,
            facets: collected.facets(),
            next_cursor,
        })
    }
}

fn hit(source: &TaskSource, score: f32, needles: &Needles) -> Hit {
    let task = source.task.clone();
    Hit {
        highlights: needles.highlights(source),
        score,
        task: HitTask {
            id: task.id,
            name: task.name,
            title: task.title,
            status: task.status,
            priority: task.priority,
            project_id: task.project_id,
            assignees: task.assignees,
            due_at: task.due_at,
            archived: task.archived,
            updated_at: task.updated_at,
        },
    }
}
