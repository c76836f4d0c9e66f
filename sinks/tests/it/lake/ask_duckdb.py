"""Asks the lake in the folder that is given; what comes out is one JSON object."""

import json
import sys
from pathlib import Path

import deltalake
import duckdb

folder = Path(sys.argv[1])
tables = ["events", "tasks", "task_intervals", "users", "teams", "projects", "memberships"]
database = duckdb.connect()
database.execute("set timezone = 'UTC'")
for name in tables:
    files = deltalake.DeltaTable(str(folder / name)).file_uris()
    listed = ", ".join("'" + file.removeprefix("file://") + "'" for file in files)
    database.execute(f"create view {name} as select * from read_parquet([{listed}])")


def one(sql):
    return database.execute(sql).fetchall()[0][0]


print(json.dumps({
    "events": one("select count(*) from events"),
    "distinct_events": one("select count(distinct event_id) from events"),
    "last_event": one("select max(seq) from events"),
    "tasks": one("select count(*) from tasks"),
    "open": one("select count(*) from tasks where trashed_at is null and not archived and status <> 'done'"),
    "completed": one("select count(*) from task_intervals where completion"),
    "reopened": one("select count(*) from task_intervals where reopening"),
    "lead_p50_s": one(
        "select quantile_disc((epoch_us(entered_at) - epoch_us(created_at)) // 1000000, 0.5) from task_intervals where completion"
    ),
    "blocked_now": one("select count(*) from task_intervals where left_at is null and status = 'blocked'"),
    "people": one("select count(*) from users"),
}))
