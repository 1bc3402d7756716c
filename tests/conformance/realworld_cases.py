"""Definitions from public samples: each must parse and validate."""

import validate_cases
from validate_cases import DRIVER, add_options, differences, in_suite  # noqa: F401

CORPUS = ("asl/realworld.jsonl",)


def self_test():
    answer = {"diagnostics": [{"severity": "ERROR", "message": "m"}], "message": ""}
    return [] if validate_cases.compare({}, answer) else ["a refused sample goes unnoticed"]
