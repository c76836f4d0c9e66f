"""Answers reports from the lake in the folder that is given, in DuckDB's SQL.

The questions come as JSON on standard input; the answers go out as JSON, in the same order, under the API's names.
"""

import json
import sys
from pathlib import Path

import deltalake
import duckdb

folder = Path(sys.argv[1])
database = duckdb.connect()
database.execute("set timezone = 'UTC'")
for name in ["events", "tasks", "task_intervals", "users", "memberships"]:
    files = deltalake.DeltaTable(str(folder / name)).file_uris()
    listed = ", ".join("'" + file.removeprefix("file://") + "'" for file in files)
    database.execute(f"create table {name} as select * from read_parquet([{listed}])")

OPEN = "trashed_at is null and not archived and status <> 'done'"


def rows(sql):
    answered = database.execute(sql)
    names = [column[0] for column in answered.description]
    return [dict(zip(names, row)) for row in answered.fetchall()]


def counted(question, **more):
    """The condition that tasks and stretches have to meet."""
    terms = ["true"]
    if question["seen"] is not None:
        terms.append(f"list_contains({question['seen']}::varchar[], team_id)")
    wanted = question | more
    for column, name in [("team_id", "team"), ("project_id", "project")]:
        if wanted[name] is not None:
            terms.append(f"{column} = '{wanted[name]}'")
    if wanted["person"] is not None:
        terms.append(f"list_contains(assignees, '{wanted['person']}')")
    return " and ".join(terms)


def local(question, column):
    """The day of a time, where the reader is."""
    return f"({column} at time zone '{question['zone']}')::date"


def within(question):
    day = local(question, "entered_at")
    return f"{day} between date '{question['from']}' and date '{question['today']}'"


def standing(question, which):
    return rows(f"""
        select count(*) as open,
            count(*) filter (status = 'in_progress') as in_progress,
            count(*) filter (status = 'blocked') as blocked,
            count(*) filter (due_at < timestamptz '{question['now']}') as overdue,
            count(*) filter ({local(question, 'due_at')} = date '{question['today']}') as due_today,
            count(*) filter (len(assignees) = 0) as unassigned
        from tasks where {OPEN} and {which}""")[0]


def percentiles(question, which, begin):
    lengths = rows(f"""
        select (epoch_us(entered_at) - epoch_us({begin})) // 1000000 as s from task_intervals
        where completion and {begin} is not null and {within(question)} and {which} order by s""")
    lengths = [max(0, row["s"]) for row in lengths]
    at = lambda percent: lengths[-(-len(lengths) * percent // 100) - 1] if lengths else None
    return {"count": len(lengths), "p50_s": at(50), "p85_s": at(85), "p95_s": at(95)}


def days(question, which):
    return rows(f"""
        select strftime(d.day, '%Y-%m-%d') as day,
            count(*) filter (t.creation) as created, count(*) filter (t.completion) as completed
        from (select unnest(generate_series(date '{question['from']}', date '{question['today']}', interval 1 day))::date as day) d
        left join (select * from task_intervals where {which}) t on {local(question, 't.entered_at')} = d.day
        group by d.day order by d.day""")


def whole(question, which):
    return {
        "now": standing(question, which),
        "throughput": rows(f"""
            select count(*) filter (creation) as created,
                count(*) filter (completion) as completed,
                count(*) filter (reopening) as reopened,
                count(*) filter (completion and due_at is not null) as completed_with_due,
                count(*) filter (completion and due_at >= entered_at) as completed_on_time
            from task_intervals where {within(question)} and {which}""")[0],
        "cycle_time": percentiles(question, which, "started_at"),
        "lead_time": percentiles(question, which, "created_at"),
        "days": days(question, which),
    }


def cumulative(question, which):
    return rows(f"""
        select strftime(d.day, '%Y-%m-%d') as day,
            count(*) filter (t.status = 'todo') as todo, count(*) filter (t.status = 'in_progress') as in_progress,
            count(*) filter (t.status = 'blocked') as blocked, count(*) filter (t.status = 'done') as done
        from (select unnest(generate_series(date '{question['from']}', date '{question['today']}', interval 1 day))::date as day) d
        left join (select * from task_intervals where {which} and (not archived or status = 'done')) t
            on {local(question, 't.entered_at')} <= d.day
            and coalesce({local(question, 't.left_at')} > d.day, true)
        group by d.day order by d.day""")


def people(question):
    team, which = question["team"], counted(question)
    shared = "true" if question["seen"] is None else f"""(u.id = '{question['reader']}' or u.id in (
        select user_id from memberships where list_contains({question['seen']}::varchar[], team_id)))"""
    return rows(f"""
        with work as (
            select unnest(assignees) as person, 1 as open, (due_at < timestamptz '{question['now']}')::int as overdue, 0 as completed
            from tasks where {OPEN} and {which}
            union all
            select unnest(assignees), 0, 0, 1 from task_intervals where completion and {within(question)} and {which}
            union all
            select user_id, 0, 0, 0 from memberships where team_id = '{team}')
        select u.id as user, sum(open)::int as open, coalesce(sum(overdue), 0)::int as overdue, sum(completed)::int as completed
        from work join users u on u.id = person where {shared}
        group by u.id, u.username order by open desc, completed desc, u.username""")


def distribution(question):
    by, which = question["by"], counted(question)
    among = "trashed_at is null and not archived" if by == "status" else OPEN
    value = {"assignee": "unnest(case when len(assignees) = 0 then [null] else assignees end)",
             "project": "project_id", "team": "team_id"}.get(by, by)
    groups = rows(f"""
        select value, count(*) as count from (select {value} as value from tasks where {among} and {which})
        group by value order by count desc, value nulls last""")
    return {"groups": groups[:50], "others": sum(group["count"] for group in groups[50:])}


def answer(question):
    about = question["about"]
    if about == "distribution":
        return distribution(question)
    which = counted(question)
    told = whole(question, which)
    if about == "dashboard":
        del told["lead_time"]
        told["mine"] = standing(question, counted(question, person=question["reader"]))
        told["spread"] = [distribution(question | {"by": by}) | {"by": by} for by in question["spread"]]
    if about == "team":
        told["people"] = people(question)
    if about == "project":
        told["cumulative"] = cumulative(question, which)
    return told


kinds = rows("select kind, count(*) as count from events group by kind order by kind")
events = rows("select count(*) as all, count(distinct event_id) as ids, count(distinct seq) as places, max(seq) as last from events")
print(json.dumps({
    "events": events[0] | {"kinds": {row["kind"]: row["count"] for row in kinds}},
    "answers": [answer(question) for question in json.load(sys.stdin)],
}))
