//! The codes of errors: a closed set. Each has a status, a title, and a page that explains it (`/problems/{code}`).
//!
//! To add one: a row in the table; the page, the document and the tests follow.

use axum::http::StatusCode;

macro_rules! problems {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:ident, $title:literal, $about:literal;)*) => {
        /// What kind of error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in `error.code`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The `title` of the problem.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What its page says.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

problems! {
    /// The request cannot be understood.
    BadRequest = "bad_request", BAD_REQUEST, "Bad request",
        "The request could not be understood: malformed JSON, an unknown or wrong query parameter, a header that does not \
         have its form. The detail says what and where. Sending the same request again will not help.";
    /// Nobody is logged in.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Log in first",
        "The request carries no access token and no session cookie, or one that is expired, ended or not ours; or a log-in \
         or refresh token was wrong. Log in with POST /api/v1/auth/login, or renew with POST /api/v1/auth/refresh, and send the token as \
         Authorization: Bearer.";
    /// Seen, but not allowed.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed",
        "You can see this, but your role does not let you do what you tried. An owner of the team or an admin can change \
         your role. The attempt is in the audit.";
    /// Not there, or not to be seen.
    NotFound = "not_found", NOT_FOUND, "Not found",
        "There is nothing under this address, or nothing that you may see: the two answer alike.";
    /// The method does not fit the path.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The address exists but does not answer to this method. The Allow header names those that it answers to.";
    /// The answer has no form that the client accepts.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "Not acceptable",
        "The Accept header rules out the forms in which this address answers. The API answers in application/json.";
    /// The client sent too slowly.
    Timeout = "timeout", REQUEST_TIMEOUT, "Timeout",
        "The request did not arrive completely in time. Send it again.";
    /// It clashes with the state there is.
    Conflict = "conflict", CONFLICT, "Conflict",
        "The request clashes with the state that there is: a name that must be unique is taken, or the thing is in a state \
         in which this cannot be done. Look at it again, then decide.";
    /// It was there once.
    Gone = "gone", GONE, "Gone",
        "What stood here has been removed for good.";
    /// Changed meanwhile.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "Changed meanwhile",
        "The If-Match header names a version that is not the newest: somebody changed the thing since you read it. Read it \
         again, and repeat your change on what you find.";
    /// The body is too large.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "Body too large",
        "A JSON body may have at most 1 MiB.";
    /// The address is too long.
    UriTooLong = "uri_too_long", URI_TOO_LONG, "Address too long",
        "An address may have at most 8 KiB, its query included.";
    /// Not JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type",
        "Bodies are JSON: send Content-Type: application/json (for PATCH also application/merge-patch+json), in UTF-8, \
         uncompressed.";
    /// Fields are wrong.
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "Validation failed",
        "The body is well-formed JSON, but some of its fields are wrong. All of them are listed in error.fields, each with \
         its path, a code and a sentence.";
    /// An idempotency key with another body.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency key reused",
        "The Idempotency-Key was used before with another body. A key stands for one act: use a new one for a new act.";
    /// SQL that is not allowed.
    SqlRefused = "sql_refused", UNPROCESSABLE_ENTITY, "SQL refused",
        "The statement is not among those that may be run, or is wrong: only queries over the published tables are answered. The \
         detail says what is wrong, and where.";
    /// SQL that takes too much.
    SqlLimit = "sql_limit", UNPROCESSABLE_ENTITY, "SQL limit reached",
        "The statement needs more than a query may take: time, memory, length or depth. The detail says which. Narrow it down.";
    /// Too often.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests",
        "Too many requests in a short time. The Retry-After header says when to try again.";
    /// The headers are too large.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "Headers too large",
        "The headers of a request may have at most 16 KiB.";
    /// Our fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error",
        "Something went wrong on our side. The request id finds it in the log; please tell whoever runs this Millstream.";
    /// Not now.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Unavailable",
        "The server cannot answer just now, for instance because its database does not. Try again a little later.";
    /// A view is not there yet.
    ViewBehind = "view_behind", GATEWAY_TIMEOUT, "View behind",
        "The read asked to wait for a write (Millstream-Wait-For), and the view had not seen it when the time was up. Try \
         again, wait longer (Millstream-Wait-Ms, at most 10000), or read without waiting. GET /api/v1/pipelines shows how far \
         each view is.";
}

impl Code {
    /// The word in addresses: `validation-failed`.
    #[must_use]
    pub fn slug(self) -> String {
        self.as_str().replace('_', "-")
    }

    /// The `type` of the problem.
    #[must_use]
    pub fn type_url(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// The code that an address names; words with underscores are understood too.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.slug() == slug || code.as_str() == slug)
    }
}
