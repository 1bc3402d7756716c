"""Definitions that were accepted or refused, by the service itself or by other validators."""

import json
import re

import suite

DRIVER = "towline-language-driver"
CORPUS = ("asl/validate.jsonl",)
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
LATER = "not supported yet in this version"
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:"


def add_options(_parser):
    pass


def in_suite(_case):
    return True


def filled(text, resource):
    """"${name}" stands where a deployment puts a value: a Resource that is nothing else becomes a
    function, in any other text the bare name takes its place."""
    def value(match):
        name = re.sub(r"[^0-9A-Za-z]", "-", match.group(1))
        if match.start() == 4 and text.startswith("arn:"):
            return "aws"
        return FUNCTION + name if resource and match.start() == 0 else name
    # Other engines' own schemes, and what a validator's tests write for "some resource".
    if resource and (text == "foo:bar" or "://" in text):
        return FUNCTION + "foreign"
    return PLACEHOLDER.sub(value, text)


def is_placeholder(value):
    return isinstance(value, str) and PLACEHOLDER.fullmatch(value) is not None


def without_placeholders(value, resource=False):
    if isinstance(value, str):
        return filled(value, resource)
    if isinstance(value, list):
        return [without_placeholders(item) for item in value]
    if isinstance(value, dict):
        return {key: 1 if key.endswith("Seconds") and is_placeholder(item)
                else without_placeholders(item, key == "Resource") for key, item in value.items()}
    return value


def driver_line(case):
    definition = without_placeholders(case["definition"])
    if not isinstance(definition, str):
        definition = json.dumps(definition, ensure_ascii=False)
    return json.dumps({"definition": definition, "type": case.get("type", "STANDARD")}) + "\n"


def errors_of(answer):
    """What is refused only because it is not built yet excuses an otherwise good definition."""
    return [told for told in answer["diagnostics"]
            if told["severity"] == "ERROR" and LATER not in told["message"]]


def verdict_differs(case, answer):
    return case.get("valid", True) != (not errors_of(answer))


def compare(case, answer):
    """The verdict, and where the service's own words are recorded, these."""
    errors = errors_of(answer)
    if verdict_differs(case, answer):
        wanted = "accepted" if case.get("valid", True) else "refused"
        return [f"should be {wanted}: {json.dumps(told)}" for told in errors or ["it is not"]]
    if "error_message" in case and case["error_message"] != answer["message"]:
        return [f"should say: {case['error_message']}", f"says:       {answer['message']}"]
    if "diagnostics" in case and case["diagnostics"] != errors:
        return [f"should tell: {json.dumps(case['diagnostics'])}",
                f"tells:       {json.dumps(errors)}"]
    return []


def places_agree(case, answer):
    """Whether codes and places are the service's; "CODE: words at /place" in its error message."""
    errors = errors_of(answer)
    if "diagnostics" in case:
        def shown(told):
            return [(one["code"], one.get("location")) for one in told]
        return shown(case["diagnostics"]) == shown(errors)
    return all(f"{one['code']}: " in case["error_message"]
               and f" at {one.get('location', '')}" in case["error_message"] for one in errors)


def is_service(case):
    return not case.get("meta", {}).get("trust", "").startswith("third-party")


def score(title, passed, cases):
    if cases:
        print(f"{title}: {passed} of {len(cases)} ({100 * passed / len(cases):.1f} %)")


def differences(cases, options):
    command = [suite.driver(DRIVER, options), "validate"]
    answers = suite.ask(command, map(driver_line, cases), cases)
    pairs = list(zip(cases, answers))
    found = [compare(case, answer) for case, answer in pairs]
    service = [pair for pair in pairs if is_service(pair[0])]
    score("the service's verdicts", sum(not verdict_differs(*pair) for pair in service), service)
    told = [pair for pair in service if "error_message" in pair[0] or "diagnostics" in pair[0]]
    score("its codes and places", sum(map(places_agree, *zip(*told))) if told else 0, told)
    score("with its words", sum(not compare(*pair) for pair in told), told)
    others = [pair for pair in pairs if not is_service(pair[0])]
    score("other validators' verdicts", sum(not verdict_differs(*pair) for pair in others), others)
    return found


def self_test():
    """Wrong answers that the comparer fails to notice."""
    error = {"severity": "ERROR", "code": "C", "message": "m", "location": "/States/A"}
    refused = {"ok": False, "diagnostics": [error], "message": "C: m at /States/A"}
    accepted = {"ok": True, "diagnostics": [{**error, "severity": "WARNING"}], "message": ""}
    bad = {"valid": False, "diagnostics": [error], "error_message": refused["message"]}
    wrong = compare(bad, refused) + compare({"valid": True}, accepted)
    other = {**refused, "diagnostics": [{**error, "location": "/States/B"}]}
    for name, case, answer in (("verdict", {"valid": True}, refused), ("verdict", bad, accepted),
                               ("place", bad, other),
                               ("text", bad, {**refused, "message": "other"})):
        if not compare(case, answer):
            wrong.append(f"another {name} goes unnoticed")
    return wrong
