//! Every text of the pages, in one place.
//!
//! To add a text: a row. To add a language: a column in the macro and its words in every row; the compiler asks for them.

macro_rules! texts {
    ($($name:ident: $english:literal;)*) => {
        /// The texts in one language.
        #[derive(Debug)]
        pub(crate) struct Texts { $(pub(crate) $name: &'static str,)* }

        /// English.
        pub(crate) const ENGLISH: Texts = Texts { $($name: $english,)* };
    };
}

texts! {
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
    changed_meanwhile: "Somebody changed this task while you were editing. Below is your text; look at what is there now and save again.";
    with_selected: "With the selected tasks";

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
    nothing_changed: "Nothing has happened in your teams yet.";
    all_activity: "All activity";

    // Projects.
    list: "List";
    board: "Board";
    calendar: "Calendar";
    open_tasks: "Open";
    all_tasks: "All";
    done_tasks: "Done";
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
    nothing_found: "Nothing fits.";
    nothing_found_hint: "Try fewer words, or look at how queries are written below the field.";
    one_hit: "1 task";
    hits: "tasks";
    newest_first: "Newest first";
    unread_only: "Unread";
    everything: "All";
    mark_all_read: "Mark all as read";
    mark_read: "Mark as read";
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
    display_name: "Display name";
    time_zone: "Time zone";
    language: "Language";
    current_password: "Current password";
    change_password: "Change password";
    change_password_hint: "All other sessions of yours end.";
    sessions: "Where you are logged in";
    this_session: "This browser";
    last_used: "Last used";
    end_session: "End";
    saved: "Saved.";
    appearance: "Appearance";
    theme_system: "Like the system";
    theme_light: "Light";
    theme_dark: "Dark";

    // Administration.
    users: "Users";
    audit: "Audit";
    pipelines: "Pipelines";
    pipeline: "Pipeline";
    state: "State";
    position: "Position";
    behind: "Behind";
    refused: "Refused";
    owner: "Runs on";
    active: "Active";
    inactive: "Deactivated";
    deactivate: "Deactivate";
    activate: "Activate";
    what: "What";
    before: "Before";
    after: "After";
    checkpoint: "Latest checkpoint";
    no_checkpoint: "None yet: the first is signed within a minute.";
    filter: "Filter";
    filter_hint: "status:todo assignee:me tag:api due:<friday";
}
