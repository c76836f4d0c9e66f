"""What schemathesis cannot know by itself: who asks, which ids there are, and which refusals are right.

Reads MILLSTREAM_FUZZ_WORLD (the file of world.py), MILLSTREAM_FUZZ_ROLE (who asks; "anonymous" sends no token) and
MILLSTREAM_FUZZ_URL.
"""

import atexit
import collections
import json
import os
import re
import uuid
import zlib

import requests
import schemathesis
from hypothesis import strategies as st

with open(os.environ["MILLSTREAM_FUZZ_WORLD"], encoding="utf-8") as file:
    WORLD = json.load(file)
ROLE = os.environ["MILLSTREAM_FUZZ_ROLE"]
API = os.environ["MILLSTREAM_FUZZ_URL"] + "/api/v1"
IS_ANONYMOUS = ROLE == "anonymous"
# Below the fifteen minutes that a token is good for.
TOKEN_S = 600
# Of ids made up by chance, one in so many stays: what is not there should be asked for too.
UNKNOWN_ONE_IN = 4


# --- who asks ---------------------------------------------------------------------------------------------------------


def log_in(role):
    """A fresh session of somebody."""
    who = {"login": WORLD["logins"][role], "password": WORLD["password"]}
    answer = requests.post(API + "/auth/login", json=who, timeout=30)
    answer.raise_for_status()
    return answer.json()["data"]


class Bearer:
    """The role's access token; a new session when the last one is no longer good."""

    header = None

    def get(self, case, context):
        return log_in(ROLE)["access_token"]

    def set(self, case, token, context):
        Bearer.header = "Bearer " + token
        case.headers = case.headers or {}
        case.headers["Authorization"] = Bearer.header


if not IS_ANONYMOUS:
    schemathesis.auth(refresh_interval=TOKEN_S)(Bearer)


# What ends the session that asks is asked by a session of its own.
ENDS_SESSION = {
    "POST /api/v1/auth/logout",
    "DELETE /api/v1/auth/sessions",
    "DELETE /api/v1/auth/sessions/{id}",
}


class Locksmith:
    """Changes a password again and again, and so needs to know it: an account of its own."""

    password = WORLD["password"]
    token = None

    @classmethod
    def prepare(cls, case):
        cls.token = cls.token or log_in("locksmith")["access_token"]
        case.headers["Authorization"] = "Bearer " + cls.token
        if isinstance(case.body, dict) and isinstance(case.body.get("current_password"), str):
            if chance(case.body["current_password"]) % 2:
                case.body["current_password"] = cls.password

    @classmethod
    def look(cls, case, response):
        if response.status_code == 204:
            cls.password = case.body["new_password"]
        elif response.status_code == 401:
            # Fifteen minutes are over. Without the password that was set last nobody can log in.
            WORLD["password"], before = cls.password, WORLD["password"]
            cls.token = log_in("locksmith")["access_token"]
            WORLD["password"] = before


# --- which ids there are ----------------------------------------------------------------------------------------------

TASK_NAME = re.compile(r"^[A-Z][A-Z0-9]{1,9}-[1-9][0-9]*$")
# The kind of thing that a member of a body or a parameter of a query names.
KINDS = {
    "project_id": "projects",
    "project": "projects",
    "team_id": "teams",
    "team": "teams",
    "user_id": "users",
    "assignee": "users",
    "created_by": "users",
    "actor": "users",
    "user": "users",
    "parent_id": "tasks",
    "parent": "tasks",
    "task": "tasks",
    "task_id": "tasks",
    "entity_id": "tasks",
}


def chance(text):
    """A number that depends on the text alone: the same case is the same request whenever it is sent."""
    return zlib.crc32(str(text).encode("utf-8", "surrogatepass"))


def is_made_up(value):
    """Whether it is an id, and none that a server gave out: those are of version 7."""
    try:
        return uuid.UUID(value).version != 7
    except (ValueError, AttributeError, TypeError):
        return False


def known(kind, value, method=None):
    """An id that is there, instead of a made-up one."""
    things = WORLD["doomed"].get(kind) if method == "DELETE" else None
    things = things or WORLD.get(kind)
    if not things:
        return value
    if kind == "tasks" and isinstance(value, str) and TASK_NAME.match(value):
        return WORLD["task_names"][chance(value) % len(WORLD["task_names"])]
    if not is_made_up(value) or chance(value) % UNKNOWN_ONE_IN == 0:
        return value
    return things[chance(value) % len(things)]


def fill_path(case):
    """Ids in the path, each of the kind that stands before it."""
    before = None
    for segment in case.operation.path.split("/"):
        if segment.startswith("{"):
            name, kind = segment.strip("{}"), "users" if before == "members" else before
            if kind == "users" and case.method in ("DELETE", "PATCH"):
                case.path_parameters[name] = spared(known(kind, case.path_parameters.get(name), "DELETE"))
            elif kind == "comments":
                fill_comment(case, name)
            else:
                case.path_parameters[name] = known(kind, case.path_parameters.get(name), case.method)
        before = segment


def spared(value):
    """Somebody else, where one of those who ask would be put out."""
    if value not in WORLD["people"].values():
        return value
    doomed = WORLD["doomed"]["users"]
    return doomed[chance(value) % len(doomed)]


def fill_comment(case, name):
    """A comment, with the task that it stands under."""
    if is_made_up(case.path_parameters.get(name)):
        pair = WORLD["comments"][chance(case.path_parameters[name]) % len(WORLD["comments"])]
        case.path_parameters["id"], case.path_parameters[name] = pair


def fill(value, kind=None):
    """The same for what is inside a body or a query."""
    if isinstance(value, dict):
        return {name: fill(inner, KINDS.get(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, kind) for inner in value]
    return known(kind, value) if kind else value


WAIT_FOR = "Millstream-Wait-For"
WAIT_MS = "Millstream-Wait-Ms"
# A made-up position is never reached: the wait for it need not be long.
WAIT_MS_MAX = 20


def shorten_wait(case):
    """Shortens a wait that is well-formed."""
    ms = (case.headers or {}).get(WAIT_MS, str(WAIT_MS_MAX))
    if WAIT_FOR in (case.headers or {}) and str(ms).isdecimal() and int(ms) <= 10_000:
        case.headers[WAIT_MS] = str(min(int(ms), WAIT_MS_MAX))


@schemathesis.hook
def before_call(context, case, kwargs):
    label = case.operation.label
    if case.path_parameters:
        fill_path(case)
    if case.query:
        case.query = fill(case.query)
    if isinstance(case.body, dict):
        case.body = fill(case.body)
    shorten_wait(case)
    # What is sent without the role's token, or with one made up, is to stay so.
    if Bearer.header is None or (case.headers or {}).get("Authorization") != Bearer.header:
        return
    if label in ENDS_SESSION:
        case.headers["Authorization"] = "Bearer " + log_in(ROLE)["access_token"]
    elif label == "POST /api/v1/auth/password":
        Locksmith.prepare(case)


@schemathesis.hook
def after_call(context, case, response):
    if case.operation.label == "POST /api/v1/auth/password" and not IS_ANONYMOUS:
        Locksmith.look(case, response)


# --- texts with a form of their own -----------------------------------------------------------------------------------

schemathesis.openapi.format("time-zone", st.sampled_from(["UTC", "Europe/Vienna", "Asia/Kathmandu", "America/St_Johns"]))
schemathesis.openapi.format("rrule", st.sampled_from(["FREQ=WEEKLY;BYDAY=MO", "FREQ=DAILY", "FREQ=MONTHLY;COUNT=3"]))


# --- which refusals are right -----------------------------------------------------------------------------------------

# A schema says which requests are well-formed. These say that one is, and speaks of what is not there, or is taken.
ABOUT_STATE = {"not_found", "taken"}
# What is said of a text in which there is nothing to be seen.
UNSEEN = "must have a character that can be seen"
# Rules that no schema can tell: operation, field (without places in lists), and why.
RULES = {
    ("*", "cursor"): "a cursor is good if the list gave it out",
    ("*", "password"): "some passwords are tried first",
    ("*", "new_password"): "some passwords are tried first",
    ("*", "assignees.user_id"): "nobody works on a task twice",
    ("*", "metadata"): "U+0000 cannot be kept, however deep it stands",
    ("*", "due_at"): "years beyond 9999, once in UTC, have no RFC 3339 form",
    ("POST /api/v1/projects", "archived"): "a new project is not archived",
    ("POST /api/v1/auth/reset/confirm", "token"): "a link is good once",
    ("POST /api/v1/auth/password", "current_password"): "it is the one that is set",
    ("PATCH /api/v1/auth/me", "current_password"): "another address needs the password that is set",
    ("POST /api/v1/auth/tokens", "expires_at"): "it lies in the future",
    ("GET /api/v1/audit/proof", "index"): "an index lies below the number of entries there are",
    ("GET /api/v1/audit/proof", "size"): "a size is at most the number of entries there are",
    ("POST /api/v1/tasks/{id}/move", "project_id"): "a task with sub-tasks stays in its team",
    ("GET /api/v1/search", "q"): "a query has a grammar",
} | {
    ("POST /api/v1/reports", f"params.{name}"): "each kind of report has parameters of its own"
    for name in ["days", "by", "team", "project", "user", "assignee"]
}


ENTITY_TAGS = re.compile(r'^(\*|(W/)?".*")$')

# How often each reason left out what looked like a failure.
LEFT_OUT = collections.Counter()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure is one."""
    reason = reason_for(type(failure).__name__, failure, case, response)
    if reason:
        LEFT_OUT[reason] += 1
    return not reason


def reason_for(kind, failure, case, response):
    """Why this is no failure; None if it is one."""
    if kind in ("AcceptedNegativeData", "RejectedPositiveData") and "idempotency-replayed" in response.headers:
        return "a repeated key gets the first answer, whatever is sent with it"
    if kind == "RejectedPositiveData" and not ENTITY_TAGS.match((case.headers or {}).get("If-Match", "*")):
        return "of a header with quotes, schemathesis makes a wrong one that it takes for right"
    if kind == "AcceptedNegativeData" and "in header - object with unexpected properties" in failure.message:
        return "headers that nobody knows are nobody's business"
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    if kind == "RejectedPositiveData" and error["code"] in ("sql_refused", "sql_limit"):
        return "SQL has a grammar, and what may be asked has limits"
    if kind == "RejectedPositiveData" and error["message"].startswith(WAIT_FOR + " must be"):
        return "a position is good if an answer gave it out"
    if error["code"] == "view_behind" and WAIT_FOR in (case.headers or {}):
        return "a made-up position is never reached" if kind in ("ServerError", "RejectedPositiveData") else None
    if kind != "RejectedPositiveData":
        return None
    if error["code"] == "idempotency_key_reused":
        return "an idempotency key stands for one body"
    # What is wrong with no field in particular has an empty name here.
    fields = error.get("fields") or [{"field": "", "code": error["code"]}]
    reasons = [rule_for(case.operation.label, field) for field in fields]
    return "; ".join(sorted(set(reasons))) if all(reasons) else None


def rule_for(label, field):
    name = re.sub(r"\[\d+\]", "", field["field"])
    if field["code"] in ABOUT_STATE:
        return f"{field['code']} is about what is there"
    if field.get("message") == UNSEEN:
        return "characters above U+FFFF that nobody sees cannot be named in a pattern"
    return RULES.get(("*", name)) or RULES.get((label, name))


@atexit.register
def tell():
    """For whoever doubts the rules."""
    with open(f"{ROLE}.left-out.json", "w", encoding="utf-8") as out:
        json.dump(dict(LEFT_OUT.most_common()), out, indent=1)
