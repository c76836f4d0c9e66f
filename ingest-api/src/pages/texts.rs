//! Every text of the pages, in one place: here, of reports in [`reporting`], and what administrators see in [`admin`].
//!
//! To add a text: a row. To add a language: a column in the macro and its words in every row; the compiler asks for them.

use admin::AdminTexts;
use std::ops::Deref;

/// Texts, a row each, in every language; `with` others that they lead to.
macro_rules! texts {
    ($kind:ident $(with $part:ident: $part_kind:ident)? { $($name:ident: $english:literal;)* }) => {
        /// The texts in one language.
        #[derive(Debug)]
        pub(crate) struct $kind {
            $($part: &'static $part_kind,)?
            $(pub(crate) $name: &'static str,)*
        }

        /// English.
        pub(crate) const ENGLISH: $kind = $kind {
            $($part: &$part::ENGLISH,)?
            $($name: $english,)*
        };
    };
}

mod admin;
mod reporting;

impl Deref for Texts {
    type Target = AdminTexts;

    /// What administrators see is read like the rest.
    fn deref(&self) -> &AdminTexts {
        self.admin
    }
}

texts! { Texts with admin: AdminTexts {
    // The shell.
    skip: "Skip to the content";
    main_navigation: "Main";
    new_task: "New task";
    home: "Home";
    inbox: "Inbox";
    my_work: "My work";
    search: "Search";
    projects: "Projects";
    activity: "Activity";
    teams: "Teams";
    tags: "Tags";
    settings: "Settings";
    profile: "Profile";
    administration: "Administration";
    log_in: "Log in";
    log_out: "Log out";
    register: "Create an account";
    menu: "Menu";
    unread: "unread";

    all_problems: "All problems";
    problems: "Problems";
    start_page: "Start page";
    derived: "Every view on this server is derived from one log, and knows how far it has come.";

    // The first page.
    running: "Running";
    not_available: "Not available just now";
    promise: "Team tasks, as a stream.";
    promise_more: "Write once; search, activity, notifications and the audit follow by themselves, and tell you how far they are.";
    first_steps: "First steps";
    first_steps_hint: "Nobody has registered yet. The first account needs the set-up secret that the server printed when it started, and becomes admin.";
    first_account: "Create the first account";
    first_by_api: "Or over the API:";
    nothing_reported: "None has reported yet.";
    set_aside: "refused";
    more_when_logged_in: "More, for those who are logged in";
    health: "Health";
    database: "Database";
    schema: "Schema";
    as_json: "As JSON";
    where_to_go: "Where to go";
    explore_api: "API, to read and to try";
    api_document: "OpenAPI document";
    each_problem: "What each error means";
    jwks: "Public keys (JWKS)";
    pem: "Public key (PEM)";
    version: "Version";

    // Log-in.
    welcome_back: "Welcome back";
    login_name: "Username or e-mail";
    password: "Password";
    forgot: "Forgot your password?";
    no_account: "No account yet?";
    have_account: "Have an account?";
    username: "Username";
    email: "E-mail";
    new_password: "New password";
    password_rule: "At least 8 characters. A few words you remember are better than a short riddle.";
    setup_secret: "Set-up secret";
    setup_hint: "Printed by the server when it first started. The first account becomes admin.";
    create_account: "Create account";

    // A forgotten password.
    reset_password: "Set a new password";
    reset_ask: "Mail me a link";
    reset_heard: "If there is an account with this address, a mail with a link is on its way. It is good for 30 minutes.";
    reset_have_code: "I have a code";
    reset_code: "Code from the mail";
    reset_set: "Set password";
    reset_revoke: "Also end my API tokens (best if somebody else may have been in my account)";
    reset_done: "Your new password is set, and all your sessions have ended.";

    // Tasks.
    title: "Title";
    description: "Description";
    description_hint: "Markdown. Mention people with @name.";
    status: "Status";
    priority: "Priority";
    due: "Due";
    due_example: "fri";
    due_hint: "fri, tomorrow, in 2 weeks, 2026-12-24 17:00";
    assignees: "Assignees";
    nobody: "Nobody";
    project: "Project";
    team: "Team";
    tags_hint: "Separated by commas. New ones are made.";
    estimate: "Estimated hours";
    actual: "Actual hours";
    parent: "Part of";
    parent_hint: "The name of another task, such as ENG-7";
    recurrence: "Repeats";
    created: "Created";
    updated: "Updated";
    subtasks: "Subtasks";
    add_subtask: "Add a subtask";
    comments: "Comments";
    no_comments: "Nobody has said anything yet.";
    earlier_comments: "Earlier comments";
    newest_comments: "Newest comments";
    earlier_versions: "Earlier versions";
    write_comment: "Write a comment";
    comment: "Comment";
    edited: "edited";
    comment_deleted: "This comment was deleted.";
    history: "History";
    edit: "Edit";
    save: "Save";
    cancel: "Cancel";
    archive: "Archive";
    restore: "Restore";
    trash: "Move to trash";
    archived: "Archived";
    nothing_written: "No description yet.";
    status_todo: "To do";
    status_in_progress: "In progress";
    status_blocked: "Blocked";
    status_done: "Done";
    priority_low: "Low";
    priority_medium: "Medium";
    priority_high: "High";
    priority_urgent: "Urgent";
    create_task: "Create task";
    choose_project: "Choose a project";
    apply: "Apply";
    with_selected: "With the selected tasks";
    bulk_people: "People";
    bulk_assign: "Assign";
    bulk_unassign: "Take off";
    bulk_who: "Username, or me";
    bulk_tag: "Add tags";
    bulk_untag: "Remove tags";
    bulk_not_all: "Not everything was done";
    bulk_done: "done";
    bulk_refused: "left as they are";
    and_more: "Others:";
    bulk_gone: "It is not there any more.";
    bulk_forbidden: "Your role in its team does not allow this.";
    bulk_not_member: "This person is not an active member of its team.";
    back: "Back";
    bulk_change: "Change the selected tasks";
    not_a_task: "is not the name of a task";
    not_a_task_of_yours: "is not a task that you see";
    not_a_time: "is not a time that is understood: try fri, tomorrow 17:00, in 2 weeks or 2026-12-24";
    not_members: "must be members of the team";
    choose_a_project: "choose a project";
    not_everywhere: "not in every team of these tasks";
    set_some_teams: "The tasks are of many projects: people and tags of the first ones are offered. On the bar below a list, any name can be typed.";

    watchers: "Watchers";
    told_anyway: "You are told, as you take part in it.";
    watch: "Watch";
    unwatch: "Stop watching";
    no_tags: "None";
    edit_comment: "Edit comment";
    delete_comment: "Delete comment";
    delete_comment_hint: "Its text is gone for ever; that there was one remains.";
    comment_history: "What this comment said";
    now: "Now";
    picker_hint: "Enter: choose and save. Shift+Enter: choose one more.";

    // A task that somebody else changed while its form was open.
    somebody: "Somebody";
    changed_this: "changed this task while you had it open.";
    differences: "What was changed meanwhile";
    differences_hint: "What you have typed is still there. Look at what is different, and save.";
    no_differences: "What they changed is what you typed, too.";
    taken_over: "taken over, as you had not changed it";
    both_changed: "you both changed it; yours stands in the form";
    theirs: "Theirs";
    yours: "Yours";
    take_theirs: "Take theirs";
    lines_hint: "− theirs, + yours";

    // Words of the script.
    live: "Live";
    behind_by: "Behind by";
    reconnecting: "Reconnecting…";
    offline: "Offline";
    not_done: "That did not work. Try again.";
    unreachable: "The server cannot be reached. Nothing was changed.";
    gone: "This is not there any more.";
    logged_out: "You are logged out. What you typed stays here: log in again in another window, then save.";
    draft_kept: "Your draft, kept in this browser.";
    draft_drop: "Throw it away";
    kept: "Not sent yet";
    kept_hint: "The page was opened before you last logged in, so nothing was changed. What you typed is still here.";
    kept_until_logged_in: "You are logged out, and nothing was changed. What you typed is shown again once you have logged in.";
    send_again: "Send";
    keyboard: "Keyboard";
    key_next: "Next task";
    key_previous: "Previous task";
    key_select: "Select";
    key_assign: "Assign";
    key_anywhere: "Go anywhere, find anything, do anything";
    key_carry: "Lift a card on a board, and carry it";
    lifted: "is lifted. Arrows carry it, space puts it down, Escape lets it fall back.";
    dropped: "is put down.";
    fallen: "is back where it was.";
    key_palette: "Go, find, do…";
    key_selected: "selected";
    choose_task: "Choose a task first: j and k go through them, x selects.";

    // Days, from Monday and January on; a day in words has its parts in braces.
    weekdays: "Monday Tuesday Wednesday Thursday Friday Saturday Sunday";
    weekdays_short: "Mon Tue Wed Thu Fri Sat Sun";
    months: "January February March April May June July August September October November December";
    months_short: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    day_in_week: "{weekday}";
    day_in_year: "{day} {mon}";
    day_in_any_year: "{day} {mon} {year}";
    due_in_year: "{wday} {day} {mon}";
    day_title: "{weekday}, {day} {month}";
    day_title_in_any_year: "{weekday}, {day} {month} {year}";
    month_title: "{month} {year}";
    exactly: "{weekday}, {day} {month} {year}, {time}";

    // Days and times; {} is a number or a time.
    yesterday: "Yesterday";
    tomorrow: "Tomorrow";
    just_now: "just now";
    at_once: "now";
    minutes_ago: "{} min ago";
    hours_ago: "{} h ago";
    yesterday_at: "yesterday, {}";
    in_seconds: "in {} s";
    in_minutes: "in {} min";
    in_hours: "in {} h";
    up_to_date: "up to date";
    one_record_behind: "1 record behind";
    records_behind: "{} records behind";

    // Home.
    good_morning: "Good morning";
    good_day: "Hello";
    good_evening: "Good evening";
    overdue: "Overdue";
    today: "Today";
    this_week: "This week";
    later: "Later";
    no_date: "No date";
    nothing_due: "Nothing is waiting for you. Pick something from a project, or create a task.";
    what_changed: "What changed";
    watching: "Watching";
    new_since: "New since";
    seen_before: "Seen before";
    nothing_new: "Nothing new since you were last here.";
    nothing_changed: "Nothing has happened in your teams yet.";
    all_activity: "All activity";

    // Projects.
    list: "List";
    board: "Board";
    calendar: "Calendar";
    open_tasks: "Open";
    all_tasks: "All";
    done_tasks: "Done";
    active_projects: "Active";
    new_project: "New project";
    no_projects: "No projects yet.";
    no_projects_hint: "A project holds tasks and gives them their names. Create one to begin.";
    no_tasks: "No tasks here.";
    no_tasks_hint: "Press c, or use the button, to create the first one.";
    more: "More";
    previous: "Previous";
    next: "Next";
    project_key: "Key";
    project_key_hint: "2 to 10 capitals and digits. Tasks are named after it: ENG-42.";
    name: "Name";
    create_project: "Create project";
    no_team: "You own no team yet. Create one first.";

    // Search, inbox, activity.
    search_help: "Words and \"phrases\", OR, -not, status:todo,blocked, priority:>=high, assignee:me, project:ENG, tag:api, due:<2026-12-01, is:overdue, in:comments";
    filter: "Filter";
    filter_hint: "status:todo assignee:me tag:api due:<friday";
    nothing_found: "Nothing fits.";
    nothing_found_hint: "Try fewer words, or look at how queries are written below the field.";
    one_hit: "1 task";
    hits: "tasks";
    newest_first: "Newest first";
    unread_only: "Unread";
    everything: "All";
    mark_all_read: "Mark all as read";
    mark_matching_read: "Mark all of these as read";
    mark_read: "Mark as read";
    all_reasons: "All";
    only_assigned: "Assigned";
    only_mentioned: "Mentions";
    only_commented: "Comments";
    only_status_changed: "Status";
    only_due_soon: "Due";
    only_overdue: "Overdue";
    nothing_for_reason: "Nothing of this kind.";
    inbox_empty: "All read.";
    inbox_empty_hint: "When somebody assigns you a task, mentions you, or changes what you work on, it shows here.";
    reason_assigned: "assigned you";
    reason_mentioned: "mentioned you";
    reason_commented: "commented";
    reason_status_changed: "changed the status";
    reason_due_soon: "is due soon";
    reason_overdue: "is overdue";
    all_projects: "All projects";

    // Teams and people.
    new_team: "New team";
    create_team: "Create team";
    no_teams: "You are in no team yet.";
    no_teams_hint: "Create one, or ask somebody to add you to theirs.";
    breadcrumb: "Where you are";
    team_no_tags: "No tags yet.";
    no_tags_hint: "Tags cut across projects. Make one below, or give a task a tag with a new name.";
    no_tags_yet: "Tags appear here once somebody gives them to a task.";
    new_tag: "New tag";
    create_tag: "Create tag";
    delete_tag: "Delete tag";
    delete_tag_hint: "It is taken from all tasks that carry it. There is no way back.";
    color: "Colour";
    color_hint: "A name from the list, or a colour such as #1e90ff.";
    delete: "Delete";
    confirm_name: "To go on, type";
    not_the_team: "must be the name of the team";
    not_the_project: "must be the key of the project";
    not_a_user: "is nobody's name here";
    delete_team: "Delete this team";
    delete_team_hint: "Only a team without projects can be deleted. There is no way back.";
    archive_project: "Archive project";
    archive_project_hint: "An archived project leaves lists and navigation. Its tasks stay as they are, and can be found.";
    restore_project: "Take it out of the archive";
    restore_project_hint: "This project is archived: it is in no list and in no navigation.";
    delete_project: "Delete this project";
    delete_project_hint: "Only a project without tasks can be deleted; archive it otherwise. There is no way back.";
    changed_meanwhile_here: "Somebody changed this while you were editing. Below is your text; saving again replaces theirs.";
    members: "Members";
    add_member: "Add a member";
    member_hint: "Their username";
    role: "Role";
    role_owner: "Owner";
    role_maintainer: "Maintainer";
    role_member: "Member";
    role_viewer: "Viewer";
    remove: "Remove";
    leave: "Leave";
    add: "Add";

    // Settings.
    api_tokens: "API tokens";
    api_token: "API token";
    no_tokens: "No tokens yet.";
    no_tokens_hint: "A token lets a program act for you, within what you allow it. Make one below.";
    new_token: "New token";
    create_token: "Create token";
    token_name_hint: "nightly report";
    token_once: "Copy it now: it is shown this once, and stored nowhere.";
    copy: "Copy";
    copied: "Copied";
    revoke: "Revoke";
    scopes: "What it may do";
    scope_read: "Read what you can see.";
    scope_write: "Also change what you can change.";
    scope_admin: "Keep your rights as an admin, if you are one.";
    expires: "Expires";
    expired: "Expired";
    never_expires: "Never expires";
    never_used: "Never used";
    in_days_before: "In";
    in_days_after: "days";
    api_docs: "How to use it";
    end_others: "End all others";
    display_name: "Display name";
    time_zone: "Time zone";
    language: "Language";
    language_hint: "In which the activity and the history of a task are told. Everything else is in English.";
    current_password: "Current password";
    current_password_hint: "Only needed to change the e-mail address.";
    change_password: "Change password";
    change_password_hint: "All other sessions of yours end.";
    sessions: "Where you are logged in";
    this_session: "This browser";
    last_used: "Last used";
    end_session: "End";
    saved: "Saved.";
    mails: "Mails";
    mails_when: "Send me a mail when";
    mails_hint: "Nobody is mailed about what they did themselves. Mails about your account, such as a new password, cannot be turned off. The inbox tells everything.";
    mail_assigned: "I am given a task";
    mail_mentioned: "a comment mentions me";
    mail_commented: "somebody comments on a task I take part in";
    mail_status_changed: "the status of such a task changes";
    mail_overdue: "a task of mine is overdue";
    mail_daily_summary: "a day begins, at 8 in my time zone: what is new, done, late and to do";
    keys_on: "On";
    keys_off: "Off";
    keys_hint: "Keys of one letter, such as c and j. Ctrl K, arrows and Tab always work. Kept for this browser.";
    appearance: "Appearance";
    theme_system: "Like the system";
    theme_light: "Light";
    theme_dark: "Dark";
}}
