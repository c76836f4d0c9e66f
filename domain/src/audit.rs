//! The audit: what its entries are about.

/// The kinds of things that entries are about. Refused access is about what its path names, or about `access`.
pub const ENTITIES: [&str; 17] = [
    "task",
    "comment",
    "project",
    "team",
    "member",
    "tag",
    "user",
    "session",
    "api_token",
    "access",
    "notification",
    "job",
    "schedule",
    "report",
    "statement",
    "pipeline",
    "key",
];
