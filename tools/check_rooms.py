#!/usr/bin/env python3
"""Includes must point left: a room uses only the rooms that the table allows, and a library shows only behind its door.

Prints every arrow that points the wrong way, with file and line; exit 1 when there is one.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent

# room -> rooms it may include (besides itself)
ALLOWED = {
    "base": set(),
    "fhir": {"base"},
    "fhirpath": {"base", "fhir"},
    "mapping": {"base", "fhir", "fhirpath"},
    "profile": {"base", "fhir", "fhirpath"},
    "care": {"base"},
    "flow": {"base", "fhir", "fhirpath", "mapping", "profile", "care"},
    "ehr": {"base", "fhir", "flow"},
    "store": {"base", "fhir", "flow"},
    "service": {"base", "fhir", "fhirpath", "mapping", "profile", "care", "flow", "ehr", "store"},
}

# library header prefix -> where it may be included
DOORS = {
    "rapidjson/": ("fhir/json",),
    "curl/": ("ehr/http", "ehr/transfers"),
    "zlib.h": ("ehr/gunzip", "service/"),
    "sqlite3.h": ("store/",),
    "libpq": ("store/postgres/connection.cpp", "store/postgres/pipeline.cpp"),
    "Poco/": ("service/",),
    "spdlog/": ("ehr/", "store/", "service/", "main.cpp"),
    "yaml-cpp/": ("service/",),
    "prometheus/": ("service/",),
    "re2/": ("fhirpath/",),
    "utf8proc.h": ("fhirpath/",),
    "date/": ("base/time_zone.cpp",),
    "openssl/": ("base/hash.cpp", "store/seal.cpp", "service/", "ehr/"),
    "systemd/": ("service/",),
    "pugixml.hpp": ("fhir/xml",),
}

# Pure rooms know no clock, no random, no thread, no log.
PURE = {"base", "fhir", "fhirpath", "mapping", "profile", "care", "flow"}
IMPURE_HEADERS = {"thread", "random", "mutex", "condition_variable", "future", "iostream", "fstream"}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def problems():
    for path in sorted((TOP / "adapter").rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        inside = path.relative_to(TOP / "adapter").as_posix()
        room = inside.split("/")[0] if "/" in inside else "service"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            header = match.group(1)
            where = f"adapter/{inside}:{number}"
            target = header.split("/")[0]
            if target in ALLOWED and "/" in header and target != room and target not in ALLOWED[room]:
                yield f"{where}: room '{room}' must not include '{header}'"
            for library, doors in DOORS.items():
                if header.startswith(library) and not inside.startswith(doors):
                    yield f"{where}: {library} belongs behind {' or '.join(doors)}"
            if room in PURE and header in IMPURE_HEADERS and not inside.startswith("fhir/name.cpp"):
                yield f"{where}: pure room '{room}' must not include <{header}>"


def main():
    found = list(problems())
    print("\n".join(found) if found else "rooms: all includes point left")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
