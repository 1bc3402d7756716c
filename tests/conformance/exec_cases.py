"""Recorded executions of Amazon States Language, run in virtual time by towline-exec-driver."""

import copy
import json
import tempfile
from pathlib import Path

import suite
from exec_compare import compare

DRIVER = "towline-exec-driver"
CORPUS = ("asl/exec.jsonl",)
OURS = "arn:towline:states:local:111111111111:"
THEIRS = "arn:aws:states:us-east-1:111111111111:"
DIRECT_CALL = "arn:aws:lambda:"


def add_options(parser):
    parser.add_argument("--restart", action="store_true",
                        help="read every state back from its events after each round")


def in_suite(_case):
    return True


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


def raised(direct):
    """What the service makes of an exception in a function: spaced when a state names the
    function itself, compact when it calls lambda:invoke."""
    trace = ['  File "/var/task/handler.py", line 2, in handler\n'
             '    raise Exception("Some exception was raised.")\n']
    cause = {"errorMessage": "Some exception was raised.", "errorType": "Exception",
             "requestId": "00000000-0000-4000-8000-000000000000", "stackTrace": trace}
    return {"error": "Exception",
            "cause": json.dumps(cause, separators=None if direct else (",", ":"))}


def resources_of(value):
    if isinstance(value, dict):
        if isinstance(value.get("Resource"), str):
            yield value["Resource"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from resources_of(item)


def functions_of(case):
    """Those fixtures whose behaviour a driver can have."""
    direct = any(text.startswith(DIRECT_CALL) for text in resources_of(case["definition"]))
    payload = case["input"].get("Payload") if isinstance(case["input"], dict) else None
    behaviours = {"id_function.py": {}, "raise_exception.py": raised(direct),
                  "return_decorated_input.py": {"result": f"input-event-{payload}"}}
    return {fixture["functionName"]: behaviours[fixture["handler"]]
            for fixture in case.get("fixtures", {}).get("lambda", ())
            if fixture["handler"] in behaviours}


def put_objects(case, folder):
    """The files that were there before the run, below `folder`; false: there are none."""
    files = case.get("fixtures", {}).get("s3", ())
    for file in files:
        path = Path(folder, file["bucket"], file["key"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["body"], encoding="utf-8")
    return bool(files)


def driver_line(case, folder):
    line = {key: case[key] for key in ("id", "definition", "input")}
    if "mocks" in case:
        line["mocks"] = with_cause_texts(case)
    line["functions"] = functions_of(case)
    if put_objects(case, folder):
        line["objects"] = str(folder)
    return json.dumps(line) + "\n"


def as_the_service(value):
    """An answer with the ARNs that the service would have."""
    if isinstance(value, str):
        return value.replace(OURS, THEIRS)
    if isinstance(value, list):
        return [as_the_service(item) for item in value]
    if isinstance(value, dict):
        return {key: as_the_service(item) for key, item in value.items()}
    return value


def score(title, pairs):
    """Of cases with what differs: how many agree in how they end, how many in every event."""
    if not pairs:
        return
    ended = sum(all(d.startswith("$.history") for d in found) for _, found in pairs)
    recorded = [found for case, found in pairs if "history" in case["expect"]]
    told = sum(not any(d.startswith("$.history") for d in found) for found in recorded)
    print(f"{title}: status and output of {ended} of {len(pairs)} "
          f"({100 * ended / len(pairs):.1f} %), histories of {told} of {len(recorded)} "
          f"({100 * told / max(1, len(recorded)):.1f} %)")


def differences(cases, options):
    """For each case, what its run has other than the recording."""
    command = [suite.driver(DRIVER, options)] + (["--restart"] if options.restart else [])
    with tempfile.TemporaryDirectory(prefix="towline-conformance-") as folder:
        lines = [driver_line(case, Path(folder, str(n))) for n, case in enumerate(cases)]
        answers = suite.ask(command, lines, cases)
    found = [compare(case, as_the_service(answer)) for case, answer in zip(cases, answers)]
    pairs = list(zip(cases, found))
    score("interpreter only", [pair for pair in pairs if not pair[0]["needs"]])
    score("with the outside played", [pair for pair in pairs if pair[0]["needs"]])
    return found


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
