//! The summary of the day: what each person should know in the morning of their own zone. Whoever it is due for is found
//! here, each of their days once; what it says is read when it is sent.

use crate::job::JobArgs;
use crate::mail::{MailContent, NewMail};
use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::{EventId, UserId};
use millstream_domain::mail::MailReason;
use millstream_domain::user::Email;
use millstream_event_log::Origin;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// People that one look takes: keeps it short, however many there are.
const PEOPLE_PER_LOOK: i64 = 500;
/// Hours that a summary may be late, because nothing ran in the morning; then the day has begun without it.
const LATE_HOURS_MAX: u32 = 4;
/// How far back the first summary looks, or one after a while without any.
const BACK_MAX: TimeDelta = TimeDelta::days(7);
/// Tasks of a kind that one names; it says how many more there are.
const NAMED_MAX: i64 = 10;

/// Sends each person the summary of their day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DailySummary {
    /// The hour in each person's zone from which on it is sent.
    #[serde(default)]
    pub hour: Hour,
}

impl JobArgs for DailySummary {
    const KIND: &'static str = "daily_summary";
}

/// An hour of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Hour(u8);

impl Default for Hour {
    fn default() -> Self {
        Self(8)
    }
}

impl From<Hour> for u8 {
    fn from(hour: Hour) -> Self {
        hour.0
    }
}

impl TryFrom<u8> for Hour {
    type Error = String;

    fn try_from(hour: u8) -> Result<Self, String> {
        let hour = Some(hour).filter(|hour| *hour < 24);
        hour.map(Self)
            .ok_or_else(|| "an hour is 0 to 23".to_owned())
    }
}

/// Whom a summary is for, and of which time it tells what is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Whose.
    pub user_id: UserId,
    /// Of which of their days.
    pub day: NaiveDate,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A task, as a summary names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryTask {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
}

/// Some tasks, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SummaryTasks {
    /// The first of them.
    pub named: Vec<SummaryTask>,
    /// How many there are.
    pub count: i64,
}

/// What a summary tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How its reader is called.
    pub reader: String,
    /// The reader's time zone.
    pub time_zone: String,
    /// Tasks they were given in this time, and that are still to do.
    pub assigned: SummaryTasks,
    /// Tasks of theirs that were completed in this time.
    pub completed: SummaryTasks,
    /// Tasks of theirs that are late.
    pub overdue: SummaryTasks,
    /// All that they have to do; those first that are due first.
    pub pending: SummaryTasks,
}

impl Summary {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let all = [
            &self.assigned,
            &self.completed,
            &self.overdue,
            &self.pending,
        ];
        all.iter().all(|tasks| tasks.count == 0)
    }
}

/// Somebody's summary is due: it is written down that they had it, and a mail is intended, if there is anything to say.
struct Summarize {
    span: Span,
    email: String,
}

impl Change for Summarize {
    type Output = bool;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<bool>, StoreError> {
        let span = self.span;
        let mine = sqlx::query!(
            "insert into app.daily_summary as s (user_id, day, until) values ($1, $2, $3)
             on conflict (user_id) do update set day = $2, until = $3 where s.day < $2",
            span.user_id.0,
            span.day,
            span.until,
        )
        .execute(cx.db())
        .await?;
        // Another process was faster, or an address of old rules cannot be mailed to.
        let (1, Ok(to)) = (mine.rows_affected(), Email::new(&self.email)) else {
            return Ok(Changed::nothing(false));
        };
        if sections(cx.db(), &span).await?.is_empty() {
            return Ok(Changed::nothing(false));
        }
        let name = format!("daily_summary/{}", span.day);
        let mail = NewMail {
            event_id: EventId(Uuid::new_v5(&span.user_id.0, name.as_bytes())),
            kind: DailySummary::KIND,
            to,
            content: MailContent::DailySummary(span),
            at: cx.now,
        };
        cx.intend_mail(&mail).await?;
        Ok(Changed::nothing(true))
    }
}

impl Store {
    /// Intends the summaries that are due among the people behind this one, in the order of their ids; how many were, and the
    /// last person looked at, `None` at the end.
    pub async fn summarize_some(
        &self,
        hour: Hour,
        behind: Option<UserId>,
    ) -> Result<(u64, Option<UserId>), StoreError> {
        let now = self.clock.now();
        let people = sqlx::query!(
            r#"
            select u.id, u.email, u.time_zone, s.day as "day?", s.until as "until?"
            from app.user u
            left join app.daily_summary s on s.user_id = u.id
            left join app.mail_preference p on p.user_id = u.id
            where u.active and ($1::uuid is null or u.id > $1) and (p.off is null or $2 <> all(p.off))
            order by u.id limit $3
            "#,
            behind.map(Uuid::from),
            MailReason::DailySummary.as_str(),
            PEOPLE_PER_LOOK,
        )
        .fetch_all(&self.pool)
        .await?;
        let is_last = i64::try_from(people.len()).is_ok_and(|count| count < PEOPLE_PER_LOOK);
        let last = people.last().map(|person| UserId(person.id));
        let mut intended = 0;
        for person in people {
            let Some(day) = day_of(&person.time_zone, hour, now) else {
                continue;
            };
            if person.day.is_some_and(|before| before >= day) {
                continue;
            }
            let from = person.until.unwrap_or(now - TimeDelta::days(1));
            let span = Span {
                user_id: UserId(person.id),
                day,
                from: from.max(now - BACK_MAX),
                until: now,
            };
            let email = person.email;
            let written = self
                .write(&Origin::default(), Summarize { span, email })
                .await?;
            intended += u64::from(written.output);
        }
        Ok((intended, last.filter(|_| !is_last)))
    }

    /// What a summary to this address tells; `None` when it is not wanted any more.
    pub async fn summary(
        &self,
        span: &Span,
        recipient: &str,
    ) -> Result<Option<Summary>, StoreError> {
        let mut db = self.pool.acquire().await?;
        let reader = sqlx::query!(
            "select u.display_name, u.time_zone from app.user u
             left join app.mail_preference p on p.user_id = u.id
             where u.id = $1 and u.active and u.email = $2 and (p.off is null or $3 <> all(p.off))",
            span.user_id.0,
            recipient,
            MailReason::DailySummary.as_str(),
        )
        .fetch_optional(&mut *db)
        .await?;
        let Some(reader) = reader else {
            return Ok(None);
        };
        let told = sections(&mut db, span).await?;
        let summary = Summary {
            reader: reader.display_name,
            time_zone: reader.time_zone,
            ..told
        };
        Ok(Some(summary).filter(|summary| !summary.is_empty()))
    }
}

/// The day in this zone whose summary is due now.
fn day_of(zone: &str, hour: Hour, now: DateTime<Utc>) -> Option<NaiveDate> {
    let zone: Tz = zone.parse().ok()?;
    let local = now.with_timezone(&zone);
    let from = u32::from(hour.0);
    (from..from + LATE_HOURS_MAX)
        .contains(&local.hour())
        .then(|| local.date_naive())
}

/// The tasks that a summary names, by why it does: only those that its reader may see.
async fn sections(db: &mut PgConnection, span: &Span) -> Result<Summary, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        with mine as (
            select k.key || '-' || t.number as name, t.title, t.due_at, t.status <> 'done' as open, a.assigned_at,
                   t.completed_at, t.id
            from app.task_assignee a
            join app.task t on t.id = a.task_id and not t.archived and t.trashed_at is null
            join app.project k on k.id = t.project_id
            join app.user u on u.id = a.user_id
            where a.user_id = $1 and (t.status <> 'done' or t.completed_at > $2)
              and (u.role in ('admin', 'manager')
                   or exists (select from app.membership m where m.user_id = u.id and m.team_id = t.team_id))
        ),
        told as (
            select 'assigned' as section, * from mine where open and assigned_at > $2 and assigned_at <= $3
            union all
            select 'completed', * from mine where not open and completed_at > $2 and completed_at <= $3
            union all
            select 'overdue', * from mine where open and due_at < $3
            union all
            select 'pending', * from mine where open
        ),
        placed as (
            select *, count(*) over (partition by section) as total,
                   row_number() over (partition by section order by due_at nulls last, id) as place
            from told
        )
        select section as "section!", name as "name!", title as "title!", due_at, total as "total!"
        from placed where place <= $4 order by section, place
        "#,
        span.user_id.0,
        span.from,
        span.until,
        NAMED_MAX,
    )
    .fetch_all(db)
    .await?;
    let mut summary = Summary::default();
    for row in rows {
        let tasks = match row.section.as_str() {
            "assigned" => &mut summary.assigned,
            "completed" => &mut summary.completed,
            "overdue" => &mut summary.overdue,
            _ => &mut summary.pending,
        };
        tasks.count = row.total;
        tasks.named.push(SummaryTask {
            name: row.name,
            title: row.title,
            due_at: row.due_at,
        });
    }
    Ok(summary)
}
