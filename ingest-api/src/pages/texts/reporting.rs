//! What stands on reports, on their files, and beside statements in SQL.

texts! { ReportTexts {
    // Reports, and SQL.
    reports: "Reports";
    sql_link: "Ask in SQL";
    sql_title: "Ask in SQL";
    sql_statement: "Query";
    sql_help: "One query that reads. You see the rows of your own teams.";
    sql_run: "Run";
    sql_rows: "rows";
    sql_truncated: "there are more";
    sql_tables: "Tables";
    report_person: "Person";
    report_team: "Team";
    report_project: "Project";
    report_flow: "Flow";
    report_days: "days";
    report_length: "How many days";
    report_from_to: "to";
    report_now: "Now";
    report_mine: "Yours";
    report_period: "In these days";
    report_open: "Open";
    report_in_progress: "In progress";
    report_blocked: "Blocked";
    report_overdue: "Overdue";
    report_due_today: "Due today";
    report_unassigned: "With nobody";
    report_created: "Created";
    report_completed: "Completed";
    report_reopened: "Reopened";
    report_on_time: "On time";
    report_per_day: "Created and completed, per day";
    report_times: "How long it took";
    report_cycle_time: "From begun to done";
    report_lead_time: "From created to done";
    report_count: "Tasks";
    report_p50: "half within";
    report_p85: "85 % within";
    report_p95: "95 % within";
    report_by_status: "By status";
    report_by_priority: "Open, by priority";
    report_by_project: "Open, by project";
    report_by_assignee: "Open, by person";
    report_nobody: "Nobody";
    report_others: "Others";
    report_nothing: "Nothing yet";
    report_levels: "Tasks in each status at the end of the day";
    report_table: "As a table";
    report_day: "Day";
    report_people: "People";
    report_name: "Name";

    // Reports as files.
    files: "Report files";
    file_export: "Export";
    no_files: "No files yet";
    no_files_hint: "Order one below: it is made in the background, and kept for 7 days.";
    file_what: "Report";
    file_dashboard: "How things stand";
    file_distribution: "How tasks are spread";
    file_stats: "What somebody did";
    file_performance: "How a team does";
    file_flow: "How a project flows";
    file_tasks: "All tasks";
    file_kind_hint: "Team, project, person, days and groups count where the report has them.";
    file_format: "Format";
    file_by: "Groups";
    file_all: "All";
    file_me: "Me";
    file_as_of: "As of";
    file_ordered: "ordered";
    file_ready: "Ready";
    file_look_again: "Look again";
    file_download: "Download";
    file_new: "New file";
    file_order: "Order";
}}
