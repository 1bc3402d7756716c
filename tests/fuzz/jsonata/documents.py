"""Random JSON documents in which expressions find something: a few field names come again and
again, and records of one shape stand in arrays."""

FIELDS = ("a", "b", "c", "id", "name", "price", "qty", "tags", "items")
ODD_FIELDS = ("1", "0", "two words", "é", "")
WORDS = ("", "a", "b", "abc", "red", "green", "Blue", "x y", "hello world", "10", "-1.5", "0x1F",
         "true", "é", "ß", "日本", "\U0001F600", "a,b,c", "2018-03-23", "2018-03-23T10:33:36Z",
         "The quick brown fox", "aaa", " padded ", "line\nbreak", "$1", "A-1")
NUMBERS = (0, 1, 2, 3, 5, 7, 10, 42, 100, -1, -3, 0.5, 1.5, 2.5, -2.5, 0.1, 0.3, 3.14, 99.99, 4.525,
           1e3, 12345.678, 1e21, 1e-7, 1521801216617, 123456789.12)


def number(random):
    kind = random.random()
    if kind < 0.4:
        return random.randint(-5, 20)
    if kind < 0.8:
        return random.choice(NUMBERS)
    return round(random.uniform(-1000, 1000), random.randint(0, 4))


def scalar(random):
    kind = random.random()
    if kind < 0.42:
        return number(random)
    if kind < 0.82:
        return random.choice(WORDS)
    if kind < 0.92:
        return random.random() < 0.5
    return None


def record(random, depth):
    made = {}
    for field, chance in (("id", 0.8), ("name", 0.8), ("price", 0.7), ("qty", 0.6)):
        if random.random() < chance:
            made[field] = random.choice(WORDS[1:9]) if field == "name" else number(random)
    if random.random() < 0.5:
        made["tags"] = [random.choice(WORDS[1:9]) for _ in range(random.randint(0, 3))]
    if depth > 0 and random.random() < 0.4:
        made["items"] = records(random, depth - 1)
    return made


def records(random, depth):
    return [record(random, depth) for _ in range(random.choice((0, 1, 1, 2, 3, 4)))]


def value(random, depth):
    kind = random.random()
    if depth == 0 or kind < 0.35:
        return scalar(random)
    if kind < 0.5:
        return records(random, depth - 1)
    if kind < 0.6:
        return [number(random) for _ in range(random.randint(0, 5))]
    if kind < 0.68:
        return [random.choice(WORDS) for _ in range(random.randint(0, 4))]
    if kind < 0.76:
        return [value(random, depth - 1) for _ in range(random.randint(0, 3))]
    fields = FIELDS + ODD_FIELDS if random.random() < 0.1 else FIELDS
    return {random.choice(fields): value(random, depth - 1)
            for _ in range(random.randint(0, 4))}


ABSENT = object()  # no document at all, which null is not


def document(random):
    kind = random.random()
    if kind < 0.03:
        return ABSENT
    if kind < 0.08:
        return scalar(random)
    if kind < 0.18:
        return records(random, 2)
    if kind < 0.23:
        return value(random, 3)
    made = {random.choice(FIELDS): value(random, 3) for _ in range(random.randint(2, 6))}
    if random.random() < 0.7:
        made["items"] = records(random, 2)
    return made
