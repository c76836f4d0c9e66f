"""The world that the API is tried out on: people of every role, teams, projects, tasks, comments, all made over the API.

Usage: world.py URL FILE. Waits until the server is ready, makes everything, and writes to FILE who there is (with
passwords) and which ids there are. What is "doomed" is there to be deleted.
"""

import json
import sys
import time

import requests

PASSWORD = "seven grey millstones"
SETUP_SECRET = "first come, first served"
# A server that takes longer to answer is taken for broken: with a fresh database it is ready in some seconds.
READY_S_MAX = 60
# Of each kind of thing: enough that deletions find something for a while.
DOOMED = 12


class Api:
    """Calls as one person; a refusal ends the program."""

    def __init__(self, url, name=None):
        self.url = url + "/api/v1"
        self.http = requests.Session()
        if name:
            token = self.post("/auth/login", login=name, password=PASSWORD)["access_token"]
            self.http.headers["Authorization"] = "Bearer " + token

    def call(self, method, path, body):
        answer = self.http.request(method, self.url + path, json=body, timeout=30)
        if not answer.ok:
            sys.exit(f"{method} {path} answers {answer.status_code}: {answer.text}")
        return answer.json().get("data") if answer.content else None

    def post(self, path, **body):
        return self.call("POST", path, body)

    def put(self, path, **body):
        return self.call("PUT", path, body)


def wait_until_ready(url):
    end = time.monotonic() + READY_S_MAX
    while time.monotonic() < end:
        try:
            if requests.get(url + "/health/ready", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.05)
    sys.exit(f"the server was not ready after {READY_S_MAX} s")


def register(api, name, **more):
    account = dict(username=name, email=f"{name}@example.org", password=PASSWORD, **more)
    return api.post("/auth/register", **account)["id"]


def make(url):
    nobody = Api(url)
    # The first one is the admin. None has a name that the document has for an example.
    people = {"admin": register(nobody, "adele", setup_secret=SETUP_SECRET)}
    for role, name in [("viewer", "vera"), ("member", "mila"), ("locksmith", "lotte")]:
        people[role] = register(nobody, name)
    doomed_users = [register(nobody, f"doomed-{n}") for n in range(DOOMED)]
    admin = Api(url, "adele")

    def team(name):
        made = admin.post("/teams", name=name)["id"]
        for role in ["viewer", "member"]:
            admin.put(f"/teams/{made}/members/{people[role]}", role=role)
        return made

    teams = [team("Millers"), team("Bakers")]
    # One that only the admin sees.
    hidden = admin.post("/teams", name="Tax collectors")["id"]
    projects = [
        admin.post("/projects", team_id=of, key=key, name=key.capitalize())["id"]
        for of, key in [(teams[0], "WHEEL"), (teams[1], "OVEN"), (hidden, "TITHE")]
    ]
    tasks, names, comments = [], [], []
    for n in range(12):
        task = admin.post(
            "/tasks",
            project_id=projects[n % len(projects)],
            title=f"Turn number {n}",
            tags=["grain", f"row-{n % 3}"],
            assignees=[] if n % 3 == 2 else [{"user_id": people["member"], "role": "owner"}],
        )
        tasks.append(task["id"])
        names.append(task["name"])
        for said in ["Begun, @mila.", "Half done."]:
            comments.append([task["id"], admin.post(f"/tasks/{task['id']}/comments", body=said)["id"]])
    mila = Api(url, "mila")
    own = mila.post(f"/tasks/{tasks[0]}/comments", body="My own words.")["id"]
    doomed_tasks = [
        mila.post("/tasks", project_id=projects[n % 2], title=f"Grist {n}")["id"] for n in range(DOOMED)
    ]
    # Together below what one person may have, so that some can still be ordered.
    reports = [admin.post("/reports", kind="tasks", format="csv")["id"] for _ in range(DOOMED + 2)]
    return {
        "password": PASSWORD,
        "logins": {"admin": "adele", "viewer": "vera", "member": "mila", "locksmith": "lotte"},
        "people": people,
        "users": list(people.values()) + doomed_users[:2],
        "teams": teams + [hidden],
        "projects": projects,
        "tasks": tasks,
        "task_names": names,
        "reports": reports[DOOMED:],
        "comments": comments + [[tasks[0], own]] * 4,
        "doomed": {
            "users": doomed_users,
            "members": doomed_users,
            "teams": [admin.post("/teams", name=f"Chaff {n}")["id"] for n in range(DOOMED)],
            "projects": [
                admin.post("/projects", team_id=teams[0], key=f"CHAFF{n}", name=f"Chaff {n}")["id"]
                for n in range(DOOMED)
            ],
            "tasks": doomed_tasks,
            "reports": reports[:DOOMED],
        },
    }


def main():
    url, file = sys.argv[1:]
    wait_until_ready(url)
    world = make(url)
    with open(file, "w", encoding="utf-8") as out:
        json.dump(world, out, indent=1)


if __name__ == "__main__":
    main()
