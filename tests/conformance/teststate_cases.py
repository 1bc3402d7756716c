"""Calls of TestState that the service has answered."""

import json

import suite
from exec_compare import MASKS, Matcher, hide

DRIVER = "towline-teststate-driver"
CORPUS = ("asl/teststate.jsonl",)
PARAMETERS = ("input", "inspectionLevel", "roleArn", "mock", "context", "variables",
              "stateConfiguration", "stateName", "revealSecrets")
# Data is JSON text in the service's answer; the recorder has read it.
DATA = ("input", "afterInputPath", "afterParameters", "afterArguments", "afterItemsPath",
        "afterItemsPointer", "afterItemSelector", "afterItemBatcher", "result",
        "afterResultSelector", "afterResultPath", "variables")


def add_options(_parser):
    pass


def in_suite(_case):
    return True


def driver_line(case):
    """The call as it was made: what the recorder had read is text again."""
    def text(value):
        return json.dumps(value, ensure_ascii=False)
    definition = case["definition"]
    call = {key: case[key] for key in PARAMETERS if key in case}
    call["definition"] = definition if isinstance(definition, str) else text(definition)
    for key in ("input", "context", "variables"):
        if key in call and not isinstance(call[key], str):
            call[key] = text(call[key])
    if "mock" in call:
        call["mock"] = {key: value for key, value in call["mock"].items() if key != "resultJson"}
    return text(call) + "\n"


def read(answer):
    """The answer with its JSON texts read, as the recorder does it."""
    told = dict(answer)
    if "output" in told:
        told["output"] = json.loads(told["output"])
    if "inspectionData" in told:
        told["inspectionData"] = {key: json.loads(value) if key in DATA else value
                                  for key, value in told["inspectionData"].items()}
    return hide(told)


def compare(case, answer):
    expected = case["expect"]
    wanted = expected.get("apiError")
    if wanted is None:
        masks = {masked["replacement"] for masked in case.get("masked_paths", ())}
        matcher = Matcher(MASKS | masks)
        matcher.match(expected, read(answer), "$")
        return matcher.differences
    if "apiError" not in answer:
        return [f"should be refused: {wanted['message']}", f"answers: {json.dumps(answer)[:300]}"]
    # What the client's library refuses before it is sent is a bad request here.
    if wanted["code"] == "ParamValidationError":
        wanted = {**answer["apiError"], "code": "ValidationException"}
    return [f"{key}: expected {wanted[key]}, got {answer['apiError'].get(key)}"
            for key in ("code", "message") if wanted[key] != answer["apiError"].get(key)]


def differences(cases, options):
    answers = suite.ask([suite.driver(DRIVER, options)], map(driver_line, cases), cases)
    return [compare(case, answer) for case, answer in zip(cases, answers)]


def self_test():
    """Wrong answers that the comparer fails to notice."""
    good = {"expect": {"status": "FAILED", "error": "E", "inspectionData": {"input": {"a": 1}}}}
    answer = {"status": "FAILED", "error": "E", "inspectionData": {"input": '{"a": 1}'}}
    refused = {"expect": {"apiError": {"code": "C", "message": "m"}}}
    wrong = compare(good, answer) + compare(refused, {"apiError": {"code": "C", "message": "m"}})
    for name, case, other in (
            ("status", good, {**answer, "status": "SUCCEEDED"}),
            ("stage", good, {**answer, "inspectionData": {"input": '{"a": 2}'}}),
            ("lack of a stage", good, {**answer, "inspectionData": {}}),
            ("surplus stage", good, {**answer, "inspectionData": {
                "input": '{"a": 1}', "result": "1"}}),
            ("success", refused, answer), ("refusal", good, {"apiError": {"code": "C"}}),
            ("message", refused, {"apiError": {"code": "C", "message": "n"}})):
        if not compare(case, other):
            wrong.append(f"another {name} goes unnoticed")
    return wrong
