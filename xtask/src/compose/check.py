"""Checks compose/compose.yaml without an engine: against the compose specification, with the values of .env.example filled in,
and against the settings that Millstream has. Says what is wrong, a line each."""

import json
import re
import sys
from pathlib import Path

import compose_spec
import yaml

FOLDER = Path(sys.argv[1])
# Nobody can choose these for others.
TO_BE_GIVEN = "to be given"


def example():
    values = {}
    for line in (FOLDER / ".env.example").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, value = line.partition("=")
            values[name] = value or TO_BE_GIVEN
    return values


def filled(text, values, wrong):
    def value(match):
        name, operator, rest = match.groups()
        if name in values:
            return "" if values[name] == TO_BE_GIVEN and operator == ":-" else values[name]
        if operator != ":-":
            wrong.append(f"compose.yaml asks for {name}, which .env.example does not name")
        return rest or ""

    return re.sub(r"\$\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\}", value, text)


def settings():
    source = FOLDER.parent / "src"
    files = [source / "config.rs", *sorted((source / "config").glob("*.rs"))]
    return {name for file in files for name in re.findall(r'env = "([A-Z_]+)"', file.read_text())}


def check(compose, wrong):
    try:
        compose_spec.PyCompose.from_json(json.dumps(compose))
    except Exception as error:
        wrong.append(f"compose.yaml does not follow the compose specification: {error}")
    known = settings()
    services = compose["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            if other not in services:
                wrong.append(f"{name} depends on {other}, which is no service")
            elif "profiles" in services[other] and "profiles" not in service:
                wrong.append(f"{name} depends on {other}, which usually does not run")
        for network in service.get("networks", []):
            if network not in compose["networks"]:
                wrong.append(f"{name} is in {network}, which is no network")
        for volume in service.get("volumes", []):
            source, _, target = volume.partition(":")
            is_named = target and not source.startswith((".", "/"))
            if is_named and source not in compose["volumes"]:
                wrong.append(f"{name} uses {source}, which is no volume")
            if source.startswith(".") and not (FOLDER / source).exists():
                wrong.append(f"{name} uses {source}, which is not there")
        if "healthcheck" not in service and not service["image"].startswith("millstream"):
            wrong.append(f"{name} has no health check")
        if service["image"].startswith("millstream"):
            for setting in service.get("environment", {}):
                if setting not in known:
                    wrong.append(f"{name} is given {setting}, which is no setting of Millstream")


def main():
    wrong = []
    text = filled((FOLDER / "compose.yaml").read_text(), example(), wrong)
    compose = yaml.safe_load(text)
    check({key: value for key, value in compose.items() if not key.startswith("x-")}, wrong)
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
