"""Random expressions of the whole language, most of them about what a document holds.

A Generator knows the value that each part of the expression will be evaluated on, so that the names
it writes are mostly those of fields, and comparisons compare with values that occur."""

import json

import calls
import documents

OPERATORS = ("+", "-", "*", "/", "%")
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
REGEXES = ("/a/", "/[a-z]+/", "/\\d+/", "/(\\w)(\\w)?/", "/o/i", "/^h/m", "/\\s/", "/b*/",
           "/(a)|(b)/", "/[^a-c]/i", "/e$/", "/(?<x>l)+/", "/\\./", "/é|ß/i", "/./")


# How often each kind of expression is written where any may stand; and profiles, each of which
# writes some more often. A case follows one of them.
WEIGHTS = {"path": 8, "number": 2, "string": 2, "constant": 1, "variable": 2, "arithmetic": 3,
           "condition": 2, "concatenation": 1, "array": 2, "object": 2, "call": 8, "ternary": 1,
           "block": 2, "range": 1, "chain": 1, "transform": 0.5, "function": 0.7,
           "parenthesised": 0.4, "regex": 0.2, "application": 0.7, "aggregate": 1}
PROFILES = (
    {},
    {"path": 3, "parenthesised": 3, "aggregate": 4},
    {"block": 4, "function": 4, "chain": 4, "application": 8, "variable": 3},
    {"object": 5, "array": 3, "transform": 6, "aggregate": 3},
    {"call": 4},
)

# The types of JSON that count as one kind.
KINDS = {"n": (int, float), "s": (str,), "a": (list,), "o": (dict,), "b": (bool,)}


def is_of(value, kind):
    return isinstance(value, KINDS[kind]) and isinstance(value, bool) == (kind == "b")


def quoted(random, text):
    made = json.dumps(text, ensure_ascii=random.random() < 0.3)
    if random.random() < 0.3 and "'" not in text and "\\" not in made and '"' not in text:
        return "'" + text + "'"
    return made


def literal(random, value):
    if isinstance(value, str):
        return quoted(random, value)
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


class Generator:
    def __init__(self, random, document):
        self.random = random
        self.root = None if document is documents.ABSENT else document
        self.context = [self.root]
        self.variables = []  # names in scope, with a sample value each
        self.functions = []  # names in scope, with how many arguments each takes
        self.fuel = random.choice((4, 8, 8, 15, 25))
        profile = random.choice(PROFILES)
        self.decorated = 0.5 if "path" in profile else 0.25
        self.choices = [(weight * profile.get(name, 1), getattr(self, name))
                        for name, weight in WEIGHTS.items()]

    # Small helpers.
    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, *choices):
        """One of (weight, function) pairs, called; without fuel the first, which must be small."""
        if self.fuel <= 0:
            return choices[0][1]()
        self.fuel -= 1
        weights = [weight for weight, _ in choices]
        return self.random.choices(choices, weights)[0][1]()

    def sample(self, value):
        """One value of an array, or the value."""
        while isinstance(value, list) and value:
            value = self.random.choice(value)
        return value

    def inside(self, value, make):
        """What `make` makes for evaluation on `value`."""
        self.context.append(value)
        made = make()
        self.context.pop()
        return made

    def scoped(self, names, make):
        """What `make` makes where `names` are variables."""
        self.variables.extend(names)
        made = make()
        if names:
            del self.variables[-len(names):]
        return made

    def fresh(self):
        return self.random.choice(("v", "w", "i", "k", "acc", "f", "x1"))

    # Atoms.
    def number(self):
        value = documents.number(self.random)
        if self.chance(0.02):
            return self.random.choice(("1e308", "0.1e-5", "1E3", "01", ".5", "1.", "1e"))
        return literal(self.random, value)

    def string(self):
        if self.chance(0.02):
            return self.random.choice(('"\\u00e9"', '"a\\tb"', "'it\\'s'", '"\\q"', '"\\u12"', '"'))
        return quoted(self.random, self.random.choice(documents.WORDS))

    def constant(self):
        return self.random.choice(("true", "false", "null", "[]", "{}", "nothing", '""', "0"))

    def variable(self):
        if self.variables and self.chance(0.9):
            return "$" + self.random.choice(self.variables)[0]
        return self.random.choice(("$", "$$", "$undefined", "$sum"))

    def field(self, value):
        sample = self.sample(value)
        if isinstance(sample, dict) and sample and self.chance(0.92):
            name = self.random.choice(list(sample))
        else:
            name = self.random.choice(documents.FIELDS)
        return name, sample.get(name) if isinstance(sample, dict) else None

    def name(self, name):
        if not (name.isascii() and name.isidentifier()) or self.chance(0.04):
            return "`" + name + "`"
        return name if not self.chance(0.02) else quoted(self.random, name)

    def found(self, kind):
        """The name of a field or variable, or a path of two fields, with a value of the kind."""
        sample = self.sample(self.context[-1])
        names = ["$" + name for name, value in self.variables if is_of(value, kind)]
        if is_of(sample, kind):
            names.append("$")
        if isinstance(sample, dict):
            for name, value in sample.items():
                if is_of(value, kind):
                    names += [self.name(name)] * 3
                inner = self.sample(value)
                if isinstance(inner, dict):
                    names += [self.name(name) + "." + self.name(other)
                              for other, deeper in inner.items() if is_of(deeper, kind)]
        return self.random.choice(names) if names else None

    def typed(self, kind, literal):
        """A path to a value of the kind, mostly, or else a literal."""
        return (self.found(kind) if self.chance(0.85) else self.path()) or literal()

    # Paths.
    def path(self):
        kind = self.random.random()
        if kind < 0.75 and (isinstance(self.sample(self.context[-1]), dict) or self.chance(0.2)):
            name, value = self.field(self.context[-1])
            text = self.name(name)
        elif kind < 0.85:
            text, value = self.random.choice((("$$", self.root), ("$", self.context[-1])))
        elif kind < 0.93 and self.variables:
            name, value = self.random.choice(self.variables)
            text = "$" + name
        else:
            text, value = self.random.choice(("*", "**", "(" + self.any() + ")")), self.context[-1]
        text = self.modified(text, value)
        scope = len(self.variables)
        for _ in range(self.random.choice((0, 1, 1, 2, 3))):
            if not isinstance(self.sample(value), dict) and self.chance(0.8):
                break
            step, value = self.step(value)
            text += "." + self.modified(step, value)
        del self.variables[scope:]
        return text

    def step(self, value):
        kind = self.random.random()
        if kind < 0.75 or self.fuel <= 0:
            name, found = self.field(value)
            return self.name(name), found
        sample = self.sample(value)
        if kind < 0.79:
            return self.random.choice(("*", "**", "%", "%", "%.%")), sample
        if kind < 0.85:
            return self.inside(sample, lambda: "(" + self.any() + ")"), None
        if kind < 0.89:
            return self.inside(sample, self.array), None
        if kind < 0.93:
            return self.inside(sample, self.object), None
        if kind < 0.97:
            return self.inside(sample, lambda: calls.on_context(self)), None
        return self.random.choice(('"a"', "1", "true", "$", "$$", "name")), sample

    def modified(self, step, value):
        """A step with predicates and the like behind it."""
        sample = self.sample(value)
        while self.fuel > 0 and self.chance(self.decorated):
            self.fuel -= 1
            kind = self.random.random()
            if kind < 0.5:
                step += self.inside(sample, self.predicate)
            elif kind < 0.62:
                step += "[]"
            elif kind < 0.74:
                step += self.inside(sample, self.order)
            elif kind < 0.84:
                step += self.inside(sample, self.object)
            else:
                name = self.fresh()
                position = kind < 0.92
                step += ("#$" if position else "@$") + name
                self.variables.append((name, 0 if position else sample))
        return step

    def predicate(self):
        kind = self.random.random()
        if kind < 0.3:
            return "[" + self.random.choice(("0", "1", "-1", "2", "1.7", "-9", "$i")) + "]"
        if kind < 0.36:
            return "[" + self.random.choice(("[0..1]", "[0,2]", "[-1,0]", "[]", "[0..9]")) + "]"
        return "[" + (self.condition() if kind < 0.85 else self.any()) + "]"

    def order(self):
        terms = [self.random.choice(("", "<", ">")) + self.any_of(self.path, self.any)
                 for _ in range(self.random.choice((1, 1, 2)))]
        return "^(" + ", ".join(terms) + ")"

    def any_of(self, usual, other):
        return usual() if self.chance(0.85) else other()

    def usually(self, kind):
        return kind() if self.chance(0.94) else self.any()

    # Values by kind.
    def any(self):
        return self.pick(*self.choices)

    def call(self):
        return calls.call(self)

    def aggregate(self):
        """What people write most: a sum, a selection, a group of records."""
        records = self.found("a") or "items"
        value = self.context[-1]
        sample = self.sample(value)
        if isinstance(sample, dict):
            value = sample.get(records)
        return records + self.inside(self.sample(value), lambda: self.random.choice((
            lambda: "." + self.call(), lambda: f"{{{self.textual()}: {self.call()}}}",
            lambda: self.predicate() + "." + self.name(self.field(self.context[-1])[0]),
            lambda: self.order() + self.predicate(), lambda: f".({self.any()} & %.name)",
            lambda: "@$r." + self.path() + "[$r." + self.comparison() + "]"))())

    def parenthesised(self):
        return "(" + self.any() + ")" + self.random.choice(("", "[0]", "[]", ".a", "{}", "^($)"))

    def regex(self):
        return self.random.choice(REGEXES)

    def arithmetic(self):
        if self.chance(0.15):
            return "-" + self.usually(self.numeric)
        operator = self.random.choice(OPERATORS)
        return f"{self.numeric()} {operator} {self.usually(self.numeric)}"

    def numeric(self):
        return self.pick((3, self.number), (5, lambda: self.typed("n", self.number)),
                         (0.3, self.variable), (1, lambda: "(" + self.arithmetic() + ")"),
                         (2, lambda: calls.call(self, "n")))

    def textual(self):
        return self.pick((3, self.string), (5, lambda: self.typed("s", self.string)),
                         (0.3, self.variable), (1, self.concatenation),
                         (2, lambda: calls.call(self, "s")))

    def concatenation(self):
        return f"{self.textual()} & {self.usually(self.textual)}"

    def comparison(self):
        if self.chance(0.3):
            side = self.random.choice((self.numeric, self.textual))
            return f"{side()} {self.random.choice(COMPARISONS)} {side()}"
        name, value = self.field(self.context[-1])
        left = self.name(name) if self.chance(0.7) else self.any()
        sample = self.sample(value)
        right = literal(self.random, sample) if self.chance(0.6) and not isinstance(
            sample, (list, dict)) else self.any()
        return f"{left} {self.random.choice(COMPARISONS)} {right}"

    def condition(self):
        return self.pick((4, self.comparison), (1, self.path),
                         (2, lambda: f"{self.condition()} {self.either()} {self.condition()}"),
                         (1, lambda: f"{self.any()} in {self.any_of(self.sequence, self.any)}"),
                         (2, lambda: calls.call(self, "b")), (0.3, self.any))

    def either(self):
        return self.random.choice(("and", "or"))

    def sequence(self):
        return self.pick((4, lambda: self.typed("a", self.array)), (2, self.path), (2, self.array),
                         (1, self.range), (0.3, self.variable),
                         (2, lambda: calls.call(self, "a")))

    def array(self):
        items = [self.any_of(self.any, self.range_items)
                 for _ in range(self.random.choice((0, 1, 2, 2, 3)))]
        return "[" + ", ".join(items) + "]"

    def range_items(self):
        return f"{self.bound()}..{self.bound()}"

    def range(self):
        return "[" + self.range_items() + "]"

    def bound(self):
        if self.chance(0.05):
            return self.numeric() if self.chance(0.7) else self.string()
        return self.random.choice(("0", "1", "2", "3", "5", "-1", "-1", "1.5", "$count(items)"))

    def object(self):
        pairs = [f"{self.usually(self.key)}: {self.any()}"
                 for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        return "{" + ", ".join(pairs) + "}"

    def key(self):
        if self.chance(0.6):
            return quoted(self.random, self.random.choice(documents.FIELDS + documents.ODD_FIELDS))
        return self.textual()

    def ternary(self):
        otherwise = f" : {self.any()}" if self.chance(0.8) else ""
        return f"{self.condition()} ? {self.any()}{otherwise}"

    def block(self):
        if self.chance(0.06):
            return self.recursion()
        scope = len(self.variables), len(self.functions)
        lines = []
        for _ in range(self.random.choice((1, 2, 2, 3))):
            if self.chance(0.8):
                lines.append(self.assignment())
            else:
                lines.append(self.any())
        lines.append(self.any())
        del self.variables[scope[0]:]
        del self.functions[scope[1]:]
        return "(" + "; ".join(lines) + self.random.choice(("", "", ";")) + ")"

    def assignment(self):
        name = self.fresh()
        if self.chance(0.3):
            count = self.random.choice((0, 1, 1, 2))
            if self.chance(0.2):
                self.functions.append((name, count))  # it may call itself
            made = f"${name} := {self.lambda_of([self.context[-1]] * count)}"
            self.functions.append((name, count))
            return made
        made = f"${name} := {self.any()}"
        self.variables.append((name, self.context[-1]))
        return made

    # Functions.
    def lambda_of(self, samples, body=None):
        """A function whose parameters stand for `samples`."""
        names = [self.random.choice(("v", "w", "i", "k", "acc", "x1")) for _ in samples]
        parameters = ", ".join("$" + name for name in names)
        made = self.scoped(list(zip(names, samples)), body or self.any_of_value)
        word = self.random.choice(("function", "λ"))
        signature = ""
        if self.chance(0.05):
            signature = self.random.choice(
                ("<n:n>", "<s-:s>", "<x-n?:x>", "<a<n>:n>", "<(ns):s>", "<f:n>", "<n", "<o-s:x>"))
        return f"{word}({parameters}){signature}{{{made}}}"

    def any_of_value(self):
        return self.pick((3, self.variable), (3, self.any), (1, self.arithmetic),
                         (1, self.condition), (1, self.concatenation))

    def function(self):
        return self.pick((2, lambda: self.lambda_of([None] * self.random.choice((0, 1, 1, 2)))),
                         (0.3, lambda: "$" + self.random.choice(self.functions or [("f", 0)])[0]),
                         (1, lambda: "$" + calls.name(self.random)),
                         (1, lambda: calls.partial(self)), (0.5, self.composition))

    def application(self):
        """A call of a function that the expression itself has made."""
        if self.functions and self.chance(0.8):
            name, count = self.random.choice(self.functions)
            made = "$" + name
        else:
            count = self.random.choice((0, 1, 1, 2))
            made = self.lambda_of([self.context[-1]] * count)
        if self.chance(0.1):
            count = self.random.randint(0, 3)
        arguments = [self.any() for _ in range(count)]
        if arguments and self.chance(0.1):
            arguments[0] = "?"
        return f"{made}({', '.join(arguments)})"

    def recursion(self):
        """A function that calls itself, in the tail or not."""
        bound = self.random.choice(("3", "5", "12"))
        step = self.random.choice(("$n * $f($n - 1)", "$f($n - 1)", "[$n, $f($n - 1)]",
                                   "$f($n - 1) & $n", "$append($f($n - 1), $n)"))
        return f"($f := function($n){{$n <= 0 ? {self.any()} : {step}}}; $f({bound}))"

    def composition(self):
        return f"{self.function()} ~> {self.function()}"

    def chain(self):
        return f"{self.any()} ~> {self.any_of(lambda: calls.call(self, drop=True), self.function)}"

    def transform(self):
        target = self.any_of(self.path, self.any)
        update = self.inside(self.sample(self.context[-1]), self.object)
        delete = ""
        if self.chance(0.5):
            delete = ", " + self.random.choice(('"a"', '["a", "price"]', "name", "1", "[]", "none"))
        return f"{self.any_of(self.path, self.any)} ~> |{target}|{update}{delete}|"


def spaced(random, text):
    """A comment or a line break where there was a space."""
    places = [i for i, c in enumerate(text) if c == " "]
    if not places:
        return text
    at = random.choice(places)
    return text[:at] + random.choice(("\n", "\t", " /* x */ ", "  ")) + text[at + 1:]


def damaged(random, text):
    """Mostly no longer valid."""
    at = random.randrange(len(text) + 1)
    kind = random.random()
    if kind < 0.4:
        return text[:at] + text[at + random.randint(1, 3):]
    if kind < 0.8:
        return text[:at] + random.choice("()[]{}.,:;?~>|*%@#$\"'`/\\&=!<^ -+0a") + text[at:]
    return text[:at]


def expression(random, document):
    text = Generator(random, document).any()
    if random.random() < 0.05:
        text = spaced(random, text)
    if random.random() < 0.06:
        text = damaged(random, text)
    return text
