"""Is the care model of the daemon the one that `bhi map` makes of the same bundles?

Compared: every entity of every kind, with every element but these, which differ by nature: `version` (of the entity), `source.version`,
`source.updated`, `raised` and `recorded.at` (when it was received). Matched: by patient, kind and the id in the file, which the loader knows for each id
at the server; entities that come of no single resource (safety events, proposed plans) by kind and content. Ids of the care model are
derived from ids at the server, so each is replaced by what it was derived from, "<kind of its entity> of <type>/<id in the file>", on
both sides, wherever it stands.
"""
import base64
import collections
import hashlib
import json
import re

LEFT_OUT = {"version", "raised"}
LEFT_OUT_OF = {"source": {"version", "updated"}, "recorded": {"at"}}
CARE_ID = re.compile(r"\b[a-z2-7]{26}\b")
REFERENCE = re.compile(r"\b([A-Z][A-Za-z]+)/([A-Za-z0-9\-]{1,64})")


def care_id(source, resource_type, resource_id):
    """As the adapter derives it: the parts with their lengths, SHA-256, 26 characters of base32 (`adapter/base/hash.h`)."""
    parts = "".join(f"{len(part.encode())}:{part}" for part in (source, resource_type, resource_id))
    return base64.b32encode(hashlib.sha256(parts.encode()).digest()).decode().lower()[:26]


def label(entity, file_id):
    source = entity.get("source")
    if not source or not source.get("id"):
        return None
    return f"{entity['kind']} of {source['type']}/{file_id(source['type'], source['id'])}"


def rewrite(node, names, file_id):
    """Care ids become labels, `Type/id` becomes the id in the file."""
    if isinstance(node, dict):
        return {key: rewrite(value, names, file_id) for key, value in node.items()}
    if isinstance(node, list):
        return [rewrite(value, names, file_id) for value in node]
    if isinstance(node, str):
        node = CARE_ID.sub(lambda found: names.get(found[0], found[0]), node)
        return REFERENCE.sub(lambda found: f"{found[1]}/{file_id(found[1], found[2])}", node)
    return node


def without(entity):
    """An entity without what differs by nature."""
    kept = {}
    for key, value in entity.items():
        if key in LEFT_OUT or key == "id":
            continue
        left_out = LEFT_OUT_OF.get(key, set())
        kept[key] = {name: one for name, one in value.items() if name not in left_out} if isinstance(value, dict) else value
    return kept


def canonical(entities, file_id, names):
    """Label -> what is compared; entities without a label by their content. `names`: of care ids that are known beforehand."""
    names = {**names, **{entity["id"]: label(entity, file_id) for entity in entities if label(entity, file_id)}}
    groups = collections.defaultdict(list)
    for entity in entities:
        kept = without(entity)
        if kept.get("source", {}).get("id"):
            kept["source"]["id"] = file_id(kept["source"]["type"], kept["source"]["id"])
        kept = rewrite(kept, names, file_id)
        name = names.get(entity["id"])
        if name is None:
            name = f"{entity['kind']} " + json.dumps({key: kept.get(key) for key in ("patient", "rule", "derivedFrom", "title")}, sort_keys=True)
        groups[name].append(kept)
    made = {}
    for name, found in groups.items():  # several entities of one resource, the members of a CareTeam: in the order of their content
        for at, kept in enumerate(sorted(found, key=lambda one: json.dumps(one, sort_keys=True)), 1):
            made[name if at == 1 else f"{name} ({at})"] = kept
    return made


def leaves(node):
    if isinstance(node, dict):
        return sum(leaves(value) for value in node.values())
    if isinstance(node, list):
        return sum(leaves(value) for value in node)
    return 1


def differences(expected, found, place=""):
    """Paths at which two documents differ; without the values, which may tell of patients."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(set(expected) | set(found)):
            at = f"{place}.{key}" if place else key
            if key not in found:
                yield f"{at}: missing in the daemon"
            elif key not in expected:
                yield f"{at}: only in the daemon"
            else:
                yield from differences(expected[key], found[key], at)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for at, (one, other) in enumerate(zip(expected, found)):
            yield from differences(one, other, f"{place}[{at}]")
    elif expected != found:
        sizes = f" ({len(expected)} against {len(found)})" if isinstance(expected, list) and isinstance(found, list) else ""
        yield f"{place}: differs{sizes}"


def compare(expected, found, source, loaded):
    """`expected`: entities of `bhi map`; `found`: of the daemon; `loaded`: (type, id at the server) -> id in the file.
    Entities equal, elements in them, and a line for each difference."""
    def names(ids):
        return {care_id(source, kind, one): f"{kind}/{loaded[(kind, at)]}" for (kind, at), one in ids}
    in_file = names(((kind, at), one) for (kind, at), one in loaded.items())
    at_server = names(((kind, at), at) for kind, at in loaded)
    left = canonical(expected, lambda _, one: one, in_file)
    right = canonical(found, lambda kind, at: loaded.get((kind, at), at), at_server)
    lines = [f"missing in the daemon: {shown(name)}" for name in sorted(set(left) - set(right))]
    lines += [f"only in the daemon: {shown(name)}" for name in sorted(set(right) - set(left))]
    equal = elements = 0
    for name in sorted(set(left) & set(right)):
        found_here = list(differences(left[name], right[name]))
        if not found_here:
            equal += 1
            elements += leaves(left[name])
        lines += [f"{shown(name)}: {line}" for line in found_here]
    return equal, elements, lines


def shown(name):
    return name if " of " in name.split("{")[0] else name.split(" ")[0] + " without a source"
