"""Recorded executions of Amazon States Language, run in virtual time by towline-exec-driver."""

import copy
import json

import suite
from exec_compare import compare

DRIVER = "towline-exec-driver"
CORPUS = ("asl/exec.jsonl",)
# What there is not yet.
LATER_FEATURES = {"distributed-map"}
LATER_SERVICES = {"states"}


def add_options(parser):
    parser.add_argument("--restart", action="store_true",
                        help="rebuild the state from its events after every step")


def in_suite(case):
    """No task at all, a record of what each task's outside did, or an activity that is missing."""
    answered = case.get("mocks", {}).get("complete", False) or not set(case["needs"]) - {"activity"}
    return (answered and not set(case["features"]) & LATER_FEATURES
            and not set(case["needs"]) & LATER_SERVICES)


def texts_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)


def with_cause_texts(case):
    """The recorder has read causes that are JSON texts. Where the text itself survives, in an
    error output, the mock gets it back, spaces and all."""
    mocks = copy.deepcopy(case["mocks"])
    texts = [text for text in texts_in(case["expect"]) if text.startswith("{")]
    for task in mocks["tasks"]:
        for step in task["steps"]:
            if not isinstance(step.get("cause"), dict):
                continue
            for text in texts:
                try:
                    if json.loads(text) == step["cause"]:
                        step["cause"] = text
                        break
                except ValueError:
                    pass
    return mocks


def driver_line(case):
    line = {key: case[key] for key in ("id", "definition", "input")}
    if "mocks" in case:
        line["mocks"] = with_cause_texts(case)
    return json.dumps(line) + "\n"


def differences(cases, options):
    """For each case, what its run has other than the recording."""
    command = [suite.driver(DRIVER, options)] + (["--restart"] if options.restart else [])
    answers = suite.ask(command, map(driver_line, cases), cases)
    return [compare(case, answer) for case, answer in zip(cases, answers)]


def mutations(actual):
    """Copies of a run that a comparer must tell from it."""
    def changed(change):
        other = copy.deepcopy(actual)
        change(other)
        return other
    yield "status", changed(lambda run: run.update(status="ABORTED"))
    yield "output", changed(lambda run: run["output"].update(n=2))
    yield "cause", changed(lambda run: run["history"][1]["details"].update(cause="other"))
    yield "previous", changed(lambda run: run["history"][2].update(previousEventId=1))
    yield "missing event", changed(lambda run: run["history"].pop())
    yield "input", changed(lambda run: run["history"][0]["details"].update(input='{"is":"a"}'))


def self_test():
    """Changes of a run that the comparer fails to notice."""
    case = {"expect": {"status": "SUCCEEDED", "output": {"n": 1, "at": "date", "id": "<uuid:1>"},
                       "history": [
        {"id": 1, "previousEventId": 0, "type": "ExecutionStarted",
         "details": {"input": {"id": "<uuid:1>"}, "roleArn": "r"}},
        {"id": 2, "previousEventId": 0, "type": "X", "details": {"cause": "in <uuid:1>."}},
        {"id": 3, "previousEventId": 2, "type": "MapStateFailed", "details": None}]}}
    actual = {"status": "SUCCEEDED",
              "output": {"n": 1.0, "at": "2024-03-01T00:00:00.000Z", "id": "a"},
              "history": [
        {"id": 1, "previousEventId": 0, "type": "ExecutionStarted",
         "details": {"input": '{"id":"a"}', "roleArn": "other"}},
        {"id": 2, "previousEventId": 0, "type": "X", "details": {"cause": "in a."}},
        {"id": 3, "previousEventId": 2, "type": "MapStateFailed", "details": {}}]}
    other_token = copy.deepcopy(actual)
    other_token["history"][0]["details"]["input"] = '{"id":"z"}'
    wrong = [] if compare(case, other_token) else ["a token of two texts goes unnoticed"]
    for concurrent in (False, True):
        case["concurrent"] = concurrent
        wrong += compare(case, actual)
        for name, mutated in mutations(actual):
            if not compare(case, mutated):
                wrong.append(f"a changed {name} goes unnoticed")
    return wrong
