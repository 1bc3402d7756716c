"""Compares one run with one recorded execution of the service.

The recordings hide what differs from run to run (the rules are in the corpus's README):
  - date-times inside strings are `date`, scalars under a key with "timestamp" are `timestamp`;
  - `<name>` inside an expected string stands for any text, the same one throughout the case;
  - a string that is wholly a mask stands for anything.
Ours alone: `region` of a scheduled task is where it runs, so it is not looked at.
"""

import json
import re

TOKEN = re.compile(r"<[A-Za-z_][A-Za-z0-9_.:\- ]*>|<<[a-z_]+>:\d+>")
DATE_TIME = re.compile(
    r"[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-][01]\d:?(?:[0-5]\d)?)")
MASKS = frozenset((
    "timestamp", "date", "time", "RequestId", "X-Amzn-Trace-Id", "x-amz-crc32",
    "x-amzn-RequestId", "x-amzn-requestid", "start-date", "stop-date"))
IGNORED_KEYS = frozenset(("roleArn", "region"))
TEXT_FIELDS = ("input", "output", "parameters")


def hide(value, key=""):
    """What the recorder did to the service's values, done to ours."""
    if isinstance(value, dict):
        return {DATE_TIME.sub("date", k): hide(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [hide(item) for item in value]
    if "timestamp" in key.lower() and not DATE_TIME.match(str(value)):
        return "timestamp"
    return DATE_TIME.sub("date", value) if isinstance(value, str) else value


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Matcher:
    """Matches expected against actual values; a token keeps the text it first stood for."""

    def __init__(self, masks):
        self.masks = masks
        self.bound = {}
        self.differences = []

    def miss(self, path, expected, actual):
        def shown(value):
            return json.dumps(value)[:300]
        self.differences.append(f"{path}: expected {shown(expected)}, got {shown(actual)}")

    def match(self, expected, actual, path):
        if isinstance(expected, str):
            self.match_text(expected, actual, path)
        elif isinstance(expected, dict):
            self.match_object(expected, actual, path)
        elif isinstance(expected, list):
            if not isinstance(actual, list) or len(actual) != len(expected):
                return self.miss(path, expected, actual)
            for i, item in enumerate(expected):
                self.match(item, actual[i], f"{path}[{i}]")
        elif is_number(expected) and is_number(actual):
            if expected != actual:
                self.miss(path, expected, actual)
        elif expected is not actual:
            self.miss(path, expected, actual)

    def match_object(self, expected, actual, path):
        if isinstance(actual, str):  # the recorder has read a JSON text: read ours too
            try:
                actual = hide(json.loads(actual))
            except ValueError:
                pass
        if not isinstance(actual, dict):
            return self.miss(path, expected, actual)
        for key in sorted(expected.keys() | actual.keys()):
            if key in IGNORED_KEYS:
                continue
            if key not in expected:
                self.differences.append(f"{path}.{key}: unexpected {json.dumps(actual[key])[:300]}")
            elif key not in actual:
                self.differences.append(
                    f"{path}.{key}: missing, expected {json.dumps(expected[key])[:300]}")
            else:
                self.match(expected[key], actual[key], f"{path}.{key}")

    def match_text(self, expected, actual, path):
        if expected in self.masks or expected == actual or TOKEN.fullmatch(expected) and (
                not isinstance(actual, str)):
            return
        if not isinstance(actual, str) or not TOKEN.search(expected):
            return self.miss(path, expected, actual)
        found = re.fullmatch(self.pattern(expected), actual, re.DOTALL)
        if found is None:
            return self.miss(path, expected, actual)
        for group, text in found.groupdict().items():
            self.bound.setdefault(self.names[group], text)

    def pattern(self, expected):
        """A pattern in which known tokens are their texts and new ones groups."""
        self.names = {}
        groups = {}
        out = []
        at = 0
        for token in TOKEN.finditer(expected):
            out.append(re.escape(expected[at:token.start()]))
            name = token.group()
            if name in self.bound:
                out.append(re.escape(self.bound[name]))
            elif name in groups:
                out.append(f"(?P={groups[name]})")
            else:
                groups[name] = f"g{len(groups)}"
                self.names[groups[name]] = name
                out.append(f"(?P<{groups[name]}>.+?)")
            at = token.end()
        out.append(re.escape(expected[at:]))
        return "".join(out)


def as_recorded(event):
    """One of our history events in the recording's form: JSON texts read."""
    details = dict(event.get("details") or {})
    details.pop("assignedVariablesDetails", None)
    if "assignedVariables" in details:
        details["assignedVariables"] = {
            name: json.loads(text) for name, text in details["assignedVariables"].items()}
    for key in TEXT_FIELDS:
        if key in details:
            text = details.pop(key)
            try:
                details[key] = json.loads(text)
            except ValueError:
                details[key + "Text"] = text
    return {"id": event["id"], "previousEventId": event["previousEventId"],
            "type": event["type"], "details": details}


def without_empty(event):
    return {**event, "details": event.get("details") or {}}


def without_ids(event):
    return {key: value for key, value in event.items() if key not in ("id", "previousEventId")}


def loosen_parallel(events):
    """The recorder's view of a Parallel: its events sorted, without ids, and no …Succeeded."""
    out = []
    block = None
    ends = ("ParallelStateAborted", "ParallelStateExited", "ParallelStateFailed",
            "ParallelStateSucceeded")
    for event in events:
        kind = event["type"]
        if kind == "ParallelStateStarted":
            out.append(event)
            block = []
        elif block is not None and kind in ends:
            out += sorted(block, key=lambda e: json.dumps(e, sort_keys=True))
            block = None
            if kind != "ParallelStateSucceeded":
                out.append(event)
        elif block is not None:
            block.append({**event, "id": 0, "previousEventId": 0})
        elif kind != "ParallelStateSucceeded":
            out.append(event)
    return out + (block or [])


def with_causes(events):
    """Each event without its ids, next to the one that it follows from."""
    by_id = {event["id"]: without_ids(event) for event in events if event.get("id")}
    return [{"event": without_ids(event), "after": by_id.get(event.get("previousEventId"), {})}
            for event in events]


def compare_bags(expected, actual, masks):
    """Branches interleave as they like: the same events, each following from the same one, in
    any order."""
    if len(expected) != len(actual):
        return [f"$.history: expected {len(expected)} events, got {len(actual)}"]
    rest = with_causes(actual)
    differences = []
    for event in with_causes(expected):
        for i, candidate in enumerate(rest):
            matcher = Matcher(masks)
            matcher.match(event, candidate, "")
            if not matcher.differences:
                del rest[i]
                break
        else:
            differences.append(f"$.history: no event like {json.dumps(event)[:300]}")
    return differences


def recorded_before(case, year_and_month):
    """meta.recorded is "DD-MM-YYYY, HH:MM:SS"."""
    parts = case.get("meta", {}).get("recorded", "").split(",")[0].split("-")
    return len(parts) == 3 and (parts[2], parts[1]) < year_and_month


def as_since_2024(events):
    """What a Distributed Map's exit follows from. Recordings until July 2024 say the end of its
    Map Run; those since November 2024 say the run's beginning, as the service does now."""
    by_id = {event["id"]: event for event in events}
    out = []
    for event in events:
        before = by_id.get(event["previousEventId"], {})
        if event["type"] == "MapStateExited" and before.get("type") == "MapRunSucceeded":
            event = {**event, "previousEventId": before["previousEventId"]}
        out.append(event)
    return out


def compare_history(case, matcher, expected, actual):
    expected = [without_empty(event) for event in expected]
    if recorded_before(case, ("2024", "11")):
        expected = as_since_2024(expected)
    actual = hide([as_recorded(event) for event in actual])
    if case.get("history_transform") == "parallel-unordered":
        expected = [without_ids(event) for event in loosen_parallel(expected)]
        actual = [without_ids(event) for event in loosen_parallel(actual)]
    before = list(matcher.differences)
    matcher.match(expected, actual, "$.history")
    loose = case.get("concurrent") or case.get("history_transform")
    if loose and len(matcher.differences) > len(before):
        matcher.differences = before + compare_bags(expected, actual, matcher.masks)


def compare(case, actual):
    """The differences, as sentences; none means that the run is as recorded."""
    if "refused" in actual:
        return ["refused: " + actual["refused"]]
    if "broken" in actual:
        return ["broken promise: " + actual["broken"]]
    expected = case["expect"]
    masks = MASKS | {m["replacement"] for m in case.get("masked_paths", ())
                     if m.get("replacement")}
    matcher = Matcher(masks)
    if expected["status"] == "NOT_TERMINAL":
        return [] if actual["status"] == "RUNNING" else ["$.status: expected a running execution"]
    if expected["status"] != actual["status"]:
        matcher.miss("$.status", expected["status"], actual["status"])
    ours = hide({key: actual[key] for key in ("output", "error", "cause") if key in actual})
    for key in ("output", "error", "cause"):
        if key in expected and key in ours:
            matcher.match(expected[key], ours[key], "$." + key)
        elif key in expected:
            matcher.differences.append(f"$.{key}: missing")
        elif key in ours and key != "cause":
            matcher.differences.append(f"$.{key}: unexpected {json.dumps(ours[key])[:300]}")
    if "history" in expected:
        compare_history(case, matcher, expected["history"], actual["history"])
    return matcher.differences
