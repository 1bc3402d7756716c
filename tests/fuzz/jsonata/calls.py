"""Random calls of the built-in functions."""

import json

import documents

PICTURES = ("0", "#", "0.00", "#,##0.00", "0%", "#0.0e0", "00.000", "0;(0)", "#.##", "0.0.0",
            "#,##,##0", "$0.00", "0e", "")
INTEGER_PICTURES = ("0", "000", "#,##0", "w", "W", "Ww", "a", "A", "i", "I", "1;o", "w;o", "x", "#")
DATE_PICTURES = ("[Y0001]-[M01]-[D01]", "[D1o] [MNn] [Y]", "[FNn,3-3] [D]/[M]/[Y,2]",
                 "[H01]:[m01]:[s01]", "[h]:[m] [P]", "[X]-W[W01]-[F1]", "[YI] [Dw] [d]",
                 "[Y]-[M]-[D]T[H]:[m]:[s].[f001][Z]", "[q]", "[YN]", "[Y")
DATES = ("2018-03-23", "2018-03-23T10:33:36.617Z", "23rd March 2018", "10:33:36", "2018",
         "2018-02-31", "Fri 23/3/18", "x")
ZONES = ("+0100", "-0500", "+0530", "0000")

# Name: what it gives, its arguments, how many of them are needed. Results and arguments: n number,
# s string, b boolean, a array, o object, x anything; further arguments: r pattern (string or
# regular expression), R regular expression, P I D pictures of numbers, integers and dates, T text
# of a date, Z time zone, F function of one argument or three, G of two, S of a pair to sort by,
# K key.
FUNCTIONS = {
    "sum": ("n", "a", 1), "count": ("n", "a", 1), "max": ("n", "a", 1), "min": ("n", "a", 1),
    "average": ("n", "a", 1), "string": ("s", "xb", 0), "substring": ("s", "snn", 2),
    "substringBefore": ("s", "ss", 2), "substringAfter": ("s", "ss", 2), "lowercase": ("s", "s", 0),
    "uppercase": ("s", "s", 0), "length": ("n", "s", 0), "trim": ("s", "s", 0),
    "pad": ("s", "sws", 2), "match": ("a", "sRl", 2), "contains": ("b", "sr", 2),
    "replace": ("s", "srsl", 3), "split": ("a", "srl", 2), "join": ("s", "as", 1),
    "formatNumber": ("s", "pPo", 2), "formatBase": ("s", "nn", 1), "formatInteger": ("s", "nI", 2),
    "parseInteger": ("n", "sI", 2), "number": ("n", "x", 0), "floor": ("n", "n", 0),
    "ceil": ("n", "n", 0), "round": ("n", "nl", 0), "abs": ("n", "n", 0), "sqrt": ("n", "n", 0),
    "power": ("n", "nl", 2), "boolean": ("b", "x", 0), "not": ("b", "x", 0), "map": ("a", "aF", 2),
    "zip": ("a", "aaa", 1), "filter": ("a", "aF", 2), "single": ("x", "aF", 1),
    "reduce": ("x", "aGx", 2), "sift": ("o", "oF", 1), "keys": ("a", "x", 0),
    "lookup": ("x", "xK", 2), "append": ("a", "xx", 2), "exists": ("b", "x", 1),
    "spread": ("a", "x", 0), "merge": ("o", "a", 1), "reverse": ("a", "a", 1),
    "each": ("a", "oF", 1), "error": ("x", "s", 0), "assert": ("x", "bs", 1), "type": ("s", "x", 1),
    "sort": ("a", "aS", 1), "distinct": ("a", "a", 1), "base64encode": ("s", "s", 0),
    "base64decode": ("s", "s", 0), "encodeUrlComponent": ("s", "s", 0), "encodeUrl": ("s", "s", 0),
    "decodeUrlComponent": ("s", "s", 0), "decodeUrl": ("s", "s", 0), "toMillis": ("n", "TD", 1),
    "fromMillis": ("s", "mDZ", 1), "clone": ("o", "o", 0), "eval": ("x", "E", 1),
}
NAMES = tuple(FUNCTIONS)
WEIGHTS = tuple({"error": 0.2, "assert": 0.3, "eval": 0.3, "map": 3, "filter": 3, "reduce": 2,
                 "sum": 2, "sort": 2, "string": 2}.get(name, 1) for name in NAMES)


def name(random, result=None):
    if result is None:
        return random.choices(NAMES, WEIGHTS)[0]
    fitting = [known for known in NAMES if FUNCTIONS[known][0] in (result, "x")]
    return random.choice(fitting)


def argument(made, kind):
    """One argument; `made` is the Generator."""
    random = made.random
    if random.random() < 0.04:
        return made.any()
    simple = {"n": made.numeric, "s": made.textual, "b": made.condition, "a": made.sequence,
              "x": made.any, "R": made.regex, "F": lambda: function(made, 1, 3),
              "G": lambda: function(made, 2, 4), "S": lambda: comparator(made),
              "E": lambda: source(made)}
    if kind in simple:
        return simple[kind]()
    if kind == "o":
        return made.pick((2, made.object), (5, lambda: made.typed("o", made.object)),
                         (0.3, made.variable), (0.3, made.any))
    if kind == "r":
        return made.regex() if random.random() < 0.5 else made.string()
    listed = {"P": PICTURES, "I": INTEGER_PICTURES, "D": DATE_PICTURES, "T": DATES, "Z": ZONES,
              "K": documents.FIELDS}
    if kind in listed:
        return '"' + random.choice(listed[kind]) + '"'
    return str({"w": random.randint(-9, 9), "l": random.randint(-1, 4),
                # An exponent's picture with zero or less makes the reference run for ever.
                "p": random.choice((0.5, 1, 2.5, 1234.5678, 99.995, 1e-3)),
                "m": random.choice((0, 1521801216617, -86400000, 1.5, 951782400000))}[kind])


def source(made):
    """An expression as a text, for $eval."""
    text = made.pick((1, made.number), (2, made.path), (1, made.arithmetic), (0.5, made.string))
    return json.dumps(text)


def samples(made):
    return [made.sample(made.context[-1]), 0, made.context[-1], None]


def function(made, usual, most):
    """A function that takes `usual` arguments, or up to `most`."""
    random = made.random
    kind = random.random()
    if kind < 0.12:
        return "$" + name(random)
    if kind < 0.16:
        return partial(made)
    count = usual if kind < 0.7 else random.randint(0, most)
    return made.lambda_of(samples(made)[:count])


def comparator(made):
    left, right = made.random.sample(("l", "r"), 2)
    sample = made.sample(made.context[-1])
    field, _ = made.field(sample)
    access = made.random.choice(("", "." + made.name(field)))
    if made.random.random() < 0.15:
        return made.lambda_of([sample, sample])
    return f"function($l, $r){{${left}{access} > ${right}{access}}}"


def arguments(made, known, drop):
    _, kinds, needed = FUNCTIONS[known]
    random = made.random
    count = random.randint(needed, len(kinds))
    if random.random() < 0.03:
        count = random.randint(0, len(kinds) + 1)
    first = 1 if drop else 0
    return [argument(made, kinds[i] if i < len(kinds) else "x") for i in range(first, count)]


def call(made, result=None, drop=False):
    """A call that mostly gives a `result`; `drop` leaves the first argument to a chain."""
    known = name(made.random, result)
    if known == "fromMillis" and made.random.random() < 0.1:
        return made.random.choice(("$now()", "$millis() = $millis()", "$now() = $now()"))
    return f"${known}({', '.join(arguments(made, known, drop))})"


def on_context(made):
    """A call as a step: its first argument may be the context."""
    known = name(made.random)
    drop = FUNCTIONS[known][1][:1] in "sxno" and made.random.random() < 0.7
    return f"${known}({', '.join(arguments(made, known, drop))})"


# What the reference can apply in part: not $string, and it wraps no value for those that take an
# array.
APPLICABLE = tuple(known for known in NAMES
                   if known != "string" and not set(FUNCTIONS[known][1]) & set("aFGS"))


def partial(made):
    known = made.random.choice(APPLICABLE)
    given = arguments(made, known, False) or ["?"]
    given[made.random.randrange(len(given))] = "?"
    return f"${known}({', '.join(given)})"
