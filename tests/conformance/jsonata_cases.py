"""Expressions of JSONata 2.0.6, evaluated by towline-jsonata-driver."""

import json

import suite

DRIVER = "towline-jsonata-driver"
CORPUS = ("jsonata/suite.jsonl", "jsonata/extra.jsonl")


def add_options(parser):
    parser.add_argument("--datasets", metavar="FOLDER",
                        help="the named inputs (default: datasets beside the corpus)")


def in_suite(case):
    """What version 2.0.6 answers, and where it never answers, what a later one does."""
    return "2.0.6" in case.get("suites", ["2.0.6"]) or case.get("on206") == "hang"


def is_clean(text):
    """No surrogate stands alone."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def read_datasets(folder):
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in folder.glob("*.json")}


def driver_line(case, datasets):
    question = {}
    if is_clean(case["expr"]):
        question["expr"] = case["expr"]
    else:
        question["exprHex"] = case["expr"].encode("utf-8", "surrogatepass").hex()
    if "dataset" in case:
        question["data"] = datasets[case["dataset"]]
    elif not case.get("noData"):
        question["data"] = case.get("data")
    for key in ("bindings", "depth"):
        if key in case:
            question[key] = case[key]
    return json.dumps(question) + "\n"


def same(expected, actual):
    """Deep equality of JSON: numbers as doubles, members in any order."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        return float(expected) == float(actual)
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, dict):
        return expected.keys() == actual.keys() and all(
            same(value, actual[key]) for key, value in expected.items())
    return expected == actual


def same_elements(expected, actual):
    rest = list(actual)
    for element in expected:
        found = next((i for i, other in enumerate(rest) if same(element, other)), None)
        if found is None:
            return False
        del rest[found]
    return not rest


def compare_error(case, answer):
    expected = {"code": case["code"], "token": case.get("token")}
    expected.update(case.get("error") or {})
    expected["token"] = expected.pop("functionName", None) or expected["token"]
    expected.pop("value", None)  # stands in the message
    return [f"{key} {answer.get(key)!r}, expected {value!r}" for key, value in expected.items()
            if value is not None and answer.get(key) != value]


def compare(case, answer):
    """What the answer has other than the case says."""
    shown = json.dumps(answer)[:300]
    if "code" in case:
        return compare_error(case, answer)
    if "result" in case:
        if "result" not in answer:
            return [f"{shown}, expected {json.dumps(case['result'])[:300]}"]
        unordered = case.get("unordered") and isinstance(case["result"], list)
        if (same_elements if unordered else same)(case["result"], answer["result"]):
            return []
        return [f"{shown}, expected {json.dumps(case['result'])[:300]}"]
    for mark, key in (("undefinedResult", "undefined"), ("function", "function"),
                      ("nonFinite", "nonFinite")):
        if mark in case:
            return [] if key in answer else [f"{shown}, expected {key}"]
    return ["the case expects nothing"]


def differences(cases, options):
    """For each case, what our evaluator answers other than the reference."""
    folder = suite.corpus("jsonata/datasets")
    if options.datasets:
        folder = suite.Path(options.datasets)
    elif options.file and suite.Path(options.file).parent.joinpath("datasets").exists():
        folder = suite.Path(options.file).parent / "datasets"
    datasets = read_datasets(folder)
    lines = [driver_line(case, datasets) for case in cases]
    answers = suite.ask([suite.driver(DRIVER, options)], lines, cases)
    return [compare(case, answer) for case, answer in zip(cases, answers)]


def self_test():
    """Wrong answers that the comparer fails to notice, and right ones that it refuses."""
    wrong = []
    pairs = (({"result": [1, {"a": 2}]}, {"result": [1.0, {"a": 2}]}, {"result": [1, {"a": 3}]}),
             ({"result": 1}, {"result": 1}, {"result": True}),
             ({"result": None}, {"result": None}, {"undefined": True}),
             ({"undefinedResult": True}, {"undefined": True}, {"result": None}),
             ({"result": [1, 2], "unordered": True}, {"result": [2, 1]}, {"result": [2, 2]}),
             ({"result": [1, 2]}, {"result": [1, 2]}, {"result": [2, 1]}),
             ({"code": "T2001"}, {"code": "T2001", "token": "+"}, {"code": "T2002"}),
             ({"code": "T2001", "token": "+"}, {"code": "T2001", "token": "+"},
              {"code": "T2001", "token": "-"}))
    for case, right, other in pairs:
        if compare(case, right):
            wrong.append(f"{right} refused for {case}")
        if not compare(case, other):
            wrong.append(f"{other} passes for {case}")
    return wrong
