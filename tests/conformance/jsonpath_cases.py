"""JSONPath selectors, answered as Jayway 2.9.0 answers them."""

import json

import suite

DRIVER = "towline-language-driver"
CORPUS = ("jsonpath/suite.jsonl",)
BINDING = {"asl", "cts-paren"}


def add_options(_parser):
    pass


def in_suite(case):
    """Of the RFC's own cases those that Jayway has an answer to."""
    return "validReferencePath" in case or case["source"] in BINDING or "result" in case["jayway"]


def driver_line(case):
    if "validReferencePath" in case:
        return json.dumps({"selector": case["selector"], "reference": True}) + "\n"
    return json.dumps({key: case[key] for key in ("selector", "document") if key in case}) + "\n"


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(a, b):
    """Equal with all numbers taken as doubles: Jayway's sum() of integers is one."""
    if is_number(a) and is_number(b):
        return abs(a - b) < 1e-12
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


def compare(case, answer):
    if "validReferencePath" in case:
        wanted = case["validReferencePath"]
        return [] if answer["valid"] == wanted else [f"should be a reference path: {wanted}"]
    jayway = case["jayway"]
    shown = json.dumps(answer)[:300]
    if "error" in jayway:
        kind = "refused" if jayway.get("atCompile") else "failed"
        return [] if kind in answer else [f"Jayway: {kind}; we: {shown}"]
    if "result" not in answer:
        return [f"Jayway: {json.dumps(jayway['result'])[:300]}; we: {shown}"]
    if answer["definite"] != jayway["definite"]:
        return [f"should be definite: {jayway['definite']}"]
    if not same(answer["result"], jayway["result"]):
        return [f"Jayway: {json.dumps(jayway['result'])[:300]}; we: {shown}"]
    return []


def differences(cases, options):
    command = [suite.driver(DRIVER, options), "jsonpath"]
    return [compare(case, answer)
            for case, answer in zip(cases, suite.ask(command, map(driver_line, cases), cases))]


def self_test():
    """Wrong answers that the comparer fails to notice."""
    case = {"jayway": {"definite": True, "result": [1, {"a": None}]}}
    right = {"definite": True, "result": [1.0, {"a": None}]}
    wrong = compare(case, right)
    refusal = {"jayway": {"error": "x", "atCompile": True}}
    for name, question, answer in (
            ("value", case, {**right, "result": [1, {"a": 0}]}),
            ("kind", case, {**right, "result": [True, {"a": None}]}),
            ("definiteness", case, {**right, "definite": False}),
            ("failure", case, {"failed": "x"}), ("answer", refusal, right),
            ("time of failure", refusal, {"failed": "x"}),
            ("reference path", {"validReferencePath": True}, {"valid": False})):
        if not compare(question, answer):
            wrong.append(f"another {name} goes unnoticed")
    return wrong
