"""Questions to single FHIR documents: which version, the same content, what is lost, which rule an issue names."""
import json


def kind_of(issue):
    """Which rule was broken, without its text."""
    codings = issue.get("details", {}).get("coding", [])
    return codings[0]["code"] if codings else issue.get("code", "")


def version(resource):
    return resource["meta"]["versionId"]


def content(resource):
    """Without `meta`, in whatever order its activities and identifiers are; of a document not when it was written, nor its text, which says
    that too."""
    kept = {key: value for key, value in resource.items() if key != "meta"}
    if kept["resourceType"] == "DocumentReference":
        kept = {key: value for key, value in kept.items() if key not in ("date", "description", "content")}
    for name in ("activity", "identifier"):
        if isinstance(kept.get(name), list):
            kept[name] = sorted(json.dumps(one, sort_keys=True) for one in kept[name])
    return kept


def lost_elements(before, now, place=""):
    """What a document had and has no more; lists may grow, `meta` is the server's."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key, value in before.items():
            if key == "meta" and not place:
                continue
            at = f"{place}.{key}" if place else key
            if key not in now:
                yield f"{at} is gone"
            else:
                yield from lost_elements(value, now[key], at)
    elif isinstance(before, list) and isinstance(now, list):
        for at, value in enumerate(before):
            if value not in now and not (at < len(now) and not list(lost_elements(value, now[at], place))):
                yield f"{place}[{at}] is gone or changed"
    elif before != now:
        yield f"{place} was changed"
