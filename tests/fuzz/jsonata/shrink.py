"""Makes a case that shows a difference as small as it gets, with the same kinds of answer."""

import json
import re

TOKENS = re.compile(r"""\s+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\$?\w+(?:\.\d+)?|.""", re.S)
PIECES_AT_ONCE = 60


def without_runs(items):
    """Copies of a list that lack some consecutive items, long runs first."""
    length = max(1, len(items) // 2)
    while length > 0:
        for start in range(0, len(items), max(1, length // 2)):
            if start + length <= len(items):
                yield items[:start] + items[start + length:]
        length //= 2


def smaller_texts(text):
    tokens = TOKENS.findall(text)
    for fewer in without_runs(tokens):
        yield "".join(fewer)
    # A bracketed part alone, and each token as something plain.
    for start, token in enumerate(tokens):
        if token in "([{":
            depth = 0
            for end in range(start, len(tokens)):
                depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(tokens[end], 0)
                if depth == 0:
                    yield "".join(tokens[start + 1:end])
                    yield "".join(tokens[:start] + ["1"] + tokens[end + 1:])
                    yield "".join(tokens[:start] + tokens[start + 1:end] + tokens[end + 1:])
                    break
        if len(token) > 1 and token[0] in "\"'":
            yield "".join(tokens[:start] + ['""'] + tokens[start + 1:])
        elif token not in ("1", "a") and (token.isalnum() or token[0] == "$"):
            for plain in ("1", "a"):
                yield "".join(tokens[:start] + [plain] + tokens[start + 1:])


def smaller_values(value):
    if isinstance(value, dict):
        for key in value:
            yield {other: value[other] for other in value if other != key}
        yield from value.values()
        for key, inner in value.items():
            for smaller in smaller_values(inner):
                yield {**value, key: smaller}
    elif isinstance(value, list):
        yield from without_runs(value)
        yield from value
        for index, inner in enumerate(value):
            for smaller in smaller_values(inner):
                yield value[:index] + [smaller] + value[index + 1:]
    elif value not in (1, None) and not isinstance(value, bool):
        yield 1
        if isinstance(value, str) and len(value) > 1:
            yield "a"


def smaller_cases(case):
    if "data" in case:
        yield {"expr": case["expr"]}
    for text in smaller_texts(case["expr"]):
        yield {**case, "expr": text}
    if "data" in case:
        for value in smaller_values(case["data"]):
            yield {**case, "data": value}


def size(case):
    return len(case["expr"]) + len(json.dumps(case.get("data", "")))


def batches(items):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == PIECES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def shrink(case, shows):
    """`shows` tells of each of a list of cases whether it shows the difference still."""
    again = True
    while again:
        again = False
        for batch in batches(c for c in smaller_cases(case) if size(c) < size(case)):
            found = [c for c, still in zip(batch, shows(batch)) if still]
            if found:
                case = min(found, key=size)
                again = True
                break
    return case
