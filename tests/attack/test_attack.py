"""Attacks, one test a row: every call and every topic by everybody who must not, false tokens,
broken messages, hostile names and inputs. Whatever is refused changes no row of any table, and is
written down where somebody can be blamed."""

import json
import unittest

from site_under_attack import Site, eventually, rows

SITE = None


def setUpModule():
    global SITE
    SITE = Site()


def tearDownModule():
    SITE.on.close(failed=False)


class AttackTest(unittest.TestCase):
    def setUp(self):
        self.before = SITE.digest()

    def assert_nothing_changed(self):
        self.assertEqual(SITE.digest(), self.before)
        self.assertTrue(SITE.server.running())

    def assert_server_answers(self):
        SITE.cli("ann", "machine", "list", code=0)


class ControlTest(AttackTest):
    """What is allowed works, and would be seen: else no row below could fail."""

    def test_a_change_changes_the_digest(self):
        SITE.machine("control", {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
        self.assertNotEqual(SITE.digest(), self.before)

    def test_a_worker_ends_a_task_of_its_tenant(self):
        token = SITE.open_task("control")
        before = SITE.digest()
        SITE.publish("acme_lej", "towline/1/acme_lej/callbacks",
                     json.dumps({"v": 1, "taskToken": token, "output": 1}))
        eventually("it has ended", lambda: SITE.digest() != before)

    def test_a_worker_reads_its_own_topics(self):
        done = SITE.mqtt("mosquitto_sub", "acme_ams", "-i", "acme_ams-control", "-t",
                         "towline/1/acme_ams/presence", "-W", "5", "-C", "1")
        self.assertIn(b'"online"', done.stdout)

    def test_a_token_is_as_good_as_a_certificate_until_it_is_revoked(self):
        made = SITE.cli("ann", "token", "create", "vic", "--life", "1h", code=0)
        SITE.cli(None, "machine", "list", token=made.stdout.decode().strip(), code=0)


# Calls of the API. Viewers may not do the second kind either.

VIEWS = {
    "machine describe": ("machine", "describe", "done"),
    "machine list": ("machine", "list"),
    "describe": ("describe", "done/one"),
    "list": ("list",),
    "history": ("history", "done/one"),
    "watch": ("watch", "done/one"),
    "why": ("why", "wait/one"),
    "workers": ("workers",),
    "worker describe": ("worker", "describe", "ams"),
    "activity list": ("activity", "list"),
    "map-run list": ("map-run", "list", "done/one"),
    "quotas": ("quotas",),
    "logs": ("logs", "done/one"),
    "activity describe": ("activity", "describe", "ask"),
}
CHANGES = {
    "machine create": ("machine", "create", "mine", "pass.json"),
    "machine update": ("machine", "update", "done", "pass.json"),
    "machine delete": ("machine", "delete", "done"),
    "start": ("start", "done", "--name", "mine"),
    "stop": ("stop", "wait/one"),
    "redrive": ("redrive", "done/one"),
    "task succeed": ("task", "succeed", "--token", "OPEN", "--output", "1"),
    "task fail": ("task", "fail", "--token", "OPEN"),
    "task heartbeat": ("task", "heartbeat", "--token", "OPEN"),
    "activity create": ("activity", "create", "mine"),
    "activity delete": ("activity", "delete", "ask"),
    "activity poll": ("activity", "poll", "ask", "--patience", "1"),
    "worker drain": ("worker", "drain", "ams"),
    "worker invite": ("worker", "invite"),
    "worker invitations": ("worker", "invitations"),
    "worker uninvite": ("worker", "uninvite", "x"),
    "worker revoke": ("worker", "revoke", "ams"),
    "access grant": ("access", "grant", "mallory", "admin"),
    "access revoke": ("access", "revoke", "vic", "viewer"),
    "token create": ("token", "create", "ann"),
    "audit": ("audit",),
    "worker undrain": ("worker", "undrain", "ams"),
    "task forget": ("task", "forget", "wait/one", "1"),
    "token revoke": ("token", "revoke", "x"),
}
# What everybody who is known may ask, and be shown what is their own.
OWN = {
    "access list": ("access", "list"),
    "token list": ("token", "list"),
}
# Who: certificate, token, exit code. 4: not even let in.
STRANGERS = {
    "nobody": (None, None, 3),
    "another authority": ("false-ann", None, 4),
    "an expired certificate": ("late", None, 4),
    "a worker": ("acme_ams", None, 3),
    "a user without grants": ("mallory", None, 3),
    "an operator of another tenant": ("oscar", None, 3),
    "a made up token": (None, "towline_" + "A" * 43, 3),
}


def api_cases():
    cases = {}
    for call, arguments in {**VIEWS, **CHANGES}.items():
        for who, (certificate, token, code) in STRANGERS.items():
            cases[f"{call} by {who}"] = (arguments, certificate, token, code)
    for call, arguments in OWN.items():
        for who in ("nobody", "another authority", "an expired certificate", "a made up token"):
            cases[f"{call} by {who}"] = (arguments, *STRANGERS[who])
        cases[f"{call} with a revoked token"] = (arguments, None, "REVOKED", 3)
    for call, arguments in CHANGES.items():
        cases[f"{call} by a viewer"] = (arguments, "vic", None, 3)
    for call, arguments in VIEWS.items():
        cases[f"{call} with a revoked token"] = (arguments, None, "REVOKED", 3)
    return cases


@rows(api_cases())
class ApiTest(AttackTest):
    def attack(self, arguments, certificate, token, code):
        (SITE.folder / "pass.json").write_text(
            '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
        arguments = [SITE.open_token if each == "OPEN" else each for each in arguments]
        denials = SITE.denials()
        done = SITE.cli(certificate, *arguments, token=SITE.token if token == "REVOKED" else token)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout, b"")
        if code == 3:
            self.assertRegex(done.stderr, rb"AccessDeniedException|UnrecognizedClientException")
            self.assertGreater(SITE.denials(), denials, "it stands in the audit log")
        self.assert_nothing_changed()


@rows({f"{call} by {who}": (arguments, who) for call, arguments in OWN.items()
       for who in ("mallory", "oscar", "vic")})
class OwnListTest(AttackTest):
    # Oscar has a grant elsewhere, vic one here: ann sees it, the others do not.
    def attack(self, arguments, who):
        shown = SITE.cli(who, *arguments, code=0).stdout.decode()
        for other in {"ann", "mallory", "oscar", "vic"} - {who}:
            self.assertNotIn(other, shown)
        self.assertIn("vic", SITE.cli("ann", "access", "list", code=0).stdout.decode())
        self.assert_nothing_changed()


# Topics of the worker acme_ams, by everybody else.

INTRUDERS = {
    "nobody": None,
    "another authority": "false-acme_ams",
    "an expired certificate": "acme_late",
    "a revoked certificate": "acme_old",
    "another worker": "acme_lej",
    "a worker of another tenant": "other_mill",
    "a user": "mallory",
}
TOPICS = ("presence", "events", "results/0", "callbacks", "jobs", "control", "replies/1")
FILTERS = ("towline/1/acme_ams/#", "towline/1/+/presence", "#")


@rows({f"{topic} written by {who}": (topic, certificate)
       for topic in TOPICS for who, certificate in INTRUDERS.items()})
class WriteTest(AttackTest):
    def attack(self, topic, certificate):
        done = SITE.publish(certificate, f"towline/1/acme_ams/{topic}",
                            json.dumps({"v": 1, "taskToken": SITE.open_token, "output": 1}))
        refused = done.returncode != 0 or b"not authori" in done.stderr.lower()
        self.assertTrue(refused, done.stdout + done.stderr)
        self.assert_nothing_changed()


@rows({f"{topic} read by {who}": (topic, certificate)
       for topic in FILTERS for who, certificate in INTRUDERS.items()})
class ReadTest(AttackTest):
    # The worker's retained presence would come at once.
    def attack(self, topic, certificate):
        done = SITE.mqtt("mosquitto_sub", certificate, "-i", f"{certificate}-attack", "-t", topic,
                         "-T", f"towline/1/{certificate}/#", "-W", "1")
        self.assertEqual(done.stdout, b"")
        self.assertNotEqual(done.returncode, 0)


# False tokens, from workers that the broker knows. `ams` could use the open one: it may not be
# told apart from one that was forged.

def flip(text, at):
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


TOKENS = {
    "its last byte forged": lambda: flip(SITE.open_token, -2 % len(SITE.open_token)),
    "its key forged": lambda: flip(SITE.open_token, 1),
    "its task forged": lambda: flip(SITE.open_token, 7),
    "truncated": lambda: SITE.open_token[:-4],
    "lengthened": lambda: SITE.open_token + "AAAA",
    "empty": lambda: "",
    "a placeholder": lambda: "towline-task-token:4",
    "very long": lambda: "A" * 5_000,
    "not ASCII": lambda: SITE.open_token + "é",
}
MESSAGES = {
    "callback": ("callbacks", lambda token: {"taskToken": token, "output": {"stolen": True}}),
    "failure": ("callbacks", lambda token: {"taskToken": token, "error": "E"}),
    "heartbeat": ("callbacks", lambda token: {"taskToken": token, "heartbeat": True}),
    "result": ("results/0", lambda token: {"incarnation": 1, "results": [
        {"token": token, "attempt": 1, "status": "succeeded", "output": 1,
         "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}]}),
    "event": ("events", lambda token: {"incarnation": 1, "events": [
        {"kind": "accepted", "token": token, "attempt": 1}]}),
}


def token_cases():
    cases = {f"{message} with a token {how}": (message, make, "acme_lej")
             for message in MESSAGES for how, make in TOKENS.items()}
    for message in MESSAGES:
        cases[f"{message} with the token of another tenant"] = (
            message, lambda: SITE.open_token, "other_mill")
        cases[f"{message} with the token of an ended task"] = (
            message, lambda: SITE.ended_token, "acme_lej")
    return cases


@rows(token_cases())
class TokenTest(AttackTest):
    def attack(self, message, make, worker):
        topic, body = MESSAGES[message]
        payload = json.dumps({"v": 1, **body(make())}, ensure_ascii=False)
        done = SITE.publish(worker, f"towline/1/{worker}/{topic}", payload)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_server_answers()
        self.assert_nothing_changed()


class TokenCallTest(AttackTest):
    def test_each_false_token_is_refused_by_the_api(self):
        for how, make in TOKENS.items():
            with self.subTest(how):
                done = SITE.cli("ann", "task", "succeed", f"--token={make()}", "--output", "1")
                self.assertIn(done.returncode, (2, 3), done.stdout + done.stderr)
        self.assert_nothing_changed()

    def test_an_ended_task_is_not_ended_otherwise(self):
        done = SITE.cli("ann", "task", "fail", "--token", SITE.ended_token)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assert_nothing_changed()

    def test_forged_tokens_are_logged(self):
        SITE.publish("acme_lej", "towline/1/acme_lej/callbacks", json.dumps(
            {"v": 1, "taskToken": flip(SITE.open_token, 7), "output": 1}))
        eventually("the log tells of it", lambda: "forged_token" in SITE.server.stderr())
        self.assertNotIn(SITE.open_token, SITE.server.stderr())


# Messages that no honest worker would send, from one that the broker knows.

BROKEN = {
    "nothing": b"",
    "a zero byte": b"\0",
    "half an object": b'{"v":1',
    "null": b"null",
    "a list": b"[]",
    "UTF-16": b"\xff\xfe{\0}\0",
    "not UTF-8 in a text": b'{"v":1,"taskToken":"\xc3\x28","output":1}',
    "an overlong encoding": b'{"v":1,"taskToken":"\xc0\xaf","output":1}',
    "half a surrogate": b'{"v":1,"taskToken":"\\ud800","output":1}',
    "deep lists": b"[" * 50_000,
    "deep objects": b'{"v":1,"output":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}",
    "another version": b'{"v":2,"results":[],"events":[]}',
    "wrong types": b'{"v":1,"incarnation":"one","results":{},"events":7}',
    "numbers out of range": b'{"v":1,"incarnation":1e999,"results":[],"events":[]}',
    "97 KiB": b'{"v":1,"incarnation":1,"events":[],"pad":"' + b"x" * 99_000 + b'"}',
    "a megabyte": b'{"v":1,"pad":"' + b"x" * 900_000 + b'"}',
}


@rows({f"{what} as {topic}": (topic, payload) for what, payload in BROKEN.items()
       for topic in ("presence", "events", "results/0", "callbacks")})
class BrokenMessageTest(AttackTest):
    def attack(self, topic, payload):
        SITE.publish("acme_lej", f"towline/1/acme_lej/{topic}", payload)
        self.assert_server_answers()
        self.assert_nothing_changed()


class BrokenMessageLogTest(AttackTest):
    def test_broken_messages_are_logged(self):
        SITE.publish("acme_lej", "towline/1/acme_lej/events", b"{")
        eventually("the log tells of it", lambda: "malformed_message" in SITE.server.stderr())


class CountTest(AttackTest):
    def assert_counted(self, what, attack):
        before = SITE.refused(what)
        attack()
        eventually("it is counted", lambda: SITE.refused(what) == before + 1)
        self.assert_nothing_changed()

    def test_calls(self):
        self.assert_counted("calls that", lambda: SITE.cli("mallory", "machine", "list"))

    def test_malformed_messages(self):
        self.assert_counted("malformed messages", lambda: SITE.publish(
            "acme_lej", "towline/1/acme_lej/events", b"{"))

    def test_forged_tokens(self):
        self.assert_counted("messages with a token", lambda: SITE.publish(
            "acme_lej", "towline/1/acme_lej/callbacks",
            json.dumps({"v": 1, "taskToken": flip(SITE.open_token, 7), "output": 1})))

    def test_messages_of_revoked_workers(self):
        SITE.cli("ann", "worker", "revoke", "fra", code=0)
        self.before = SITE.digest()
        self.assert_counted("messages of revoked workers", lambda: SITE.publish(
            "acme_fra", "towline/1/acme_fra/events", json.dumps(
                {"v": 1, "incarnation": 1, "events": []})))


# Names, ARNs, payloads.

ELSEWHERE = "arn:towline:states:local:other:"
NAMES = {
    "a path": "../../etc/passwd",
    "a slash": "a/b/c/d",
    "SQL": "x'; DROP TABLE executions; --",
    "a shell's words": "$(touch pwned)",
    "81 characters": "x" * 81,
    "a line break": "a\nb",
    "a wildcard": "*",
    "a topic's wildcard": "a+#",
}
CALLS = {
    "machine": lambda name: ("machine", "create", name, "pass.json"),
    "execution": lambda name: ("start", "done", f"--name={name}"),
    "activity": lambda name: ("activity", "create", name),
}


@rows({f"{kind} named by {what}": (call, name)
       for kind, call in CALLS.items() for what, name in NAMES.items()})
class NameTest(AttackTest):
    def attack(self, call, name):
        (SITE.folder / "pass.json").write_text(
            '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
        done = SITE.cli("ann", *call(name))
        self.assertIn(done.returncode, (2, 3), done.stdout)
        self.assert_nothing_changed()


@rows({f"{call} across tenants": (arguments,) for call, arguments in {
    "start": ("start", ELSEWHERE + "stateMachine:done"),
    "describe": ("describe", ELSEWHERE + "execution:done:one"),
    "machine delete": ("machine", "delete", ELSEWHERE + "stateMachine:done"),
    "activity poll": ("activity", "poll", ELSEWHERE + "activity:ask", "--patience", "1"),
}.items()})
class TenantTest(AttackTest):
    # Even an admin of both: what is meant must be said.
    def attack(self, arguments):
        done = SITE.cli("ann", *arguments)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn(b"AccessDeniedException", done.stderr)
        self.assert_nothing_changed()


PAYLOADS = {
    "not JSON": b"{",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "not UTF-8": b'"\xff\xfe"',
    "20 MiB": b'"' + b"x" * (20 << 20) + b'"',
    "5 MiB": b'"' + b"x" * (5 << 20) + b'"',
    "half a surrogate": b'"\\ud800"',
}


@rows({f"an input of {what}": (payload,) for what, payload in PAYLOADS.items()})
class PayloadTest(AttackTest):
    def attack(self, payload):
        done = SITE.cli("ann", "start", "done", "--input", "-", stdin=payload)
        self.assertIn(done.returncode, (1, 2, 3, 4), done.stdout)
        self.assert_server_answers()
        self.assert_nothing_changed()

    def test_a_deep_definition(self):
        deep = (b'{"StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Result":'
                + b"[" * 50_000 + b"]" * 50_000 + b"}}}")
        done = SITE.cli("ann", "machine", "create", "deep", "-", stdin=deep)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn(b"TOO_DEEPLY_NESTED", done.stderr)
        self.assert_nothing_changed()


# Jobs: what a workflow says must not become a path, a statement or a command.

PATHS = ("../outside", "/etc/passwd", "a/../../outside", "./../outside", "..", "root/../../outside",
         "//etc/passwd", "\0outside", "..\\outside", "%2e%2e/outside")


@rows({f"{op} {path!r}": (op, path) for path in PATHS for op in ("read", "write", "delete")})
class PathTest(unittest.TestCase):
    def attack(self, op, path):
        wanted = {"op": op, "root": "r", "path": path}
        if op == "write":
            wanted["content"] = "x"
        ended = SITE.run_job("files", wanted)
        outside = (SITE.folder / "outside").read_text()
        self.assertEqual(outside, "untouched")
        inside = {each.name for each in (SITE.folder / "root").iterdir()}
        if ended["status"] == "SUCCEEDED":  # a file of that very name in the root
            self.assertEqual((op, inside), ("write", {path}))
            (SITE.folder / "root" / path).unlink()
        else:
            self.assertRegex(ended["error"], r"^(Towline\.(Refused|BadInput)|File\.)")
            self.assertEqual(inside, set())


STATEMENTS = {
    "a statement as a parameter": {"query": "find", "parameters": ["x' OR '1'='1"]},
    "two statements as a parameter": {"query": "find",
                                      "parameters": ["x'; DROP TABLE things; --"]},
    "a statement in place of a name": {"sql": "DROP TABLE things"},
    "a name that is a statement": {"query": "find; DROP TABLE things"},
    "another database": {"connection": "/etc/passwd", "query": "find", "parameters": ["x"]},
    "an object as a parameter": {"query": "find", "parameters": [{"$gt": ""}]},
}


@rows({what: (value,) for what, value in STATEMENTS.items()})
class StatementTest(unittest.TestCase):
    def attack(self, value):
        ended = SITE.run_job("query", value)
        if ended["status"] == "SUCCEEDED":
            self.assertEqual(json.loads(ended["output"]), {"rows": []})
        else:
            self.assertRegex(ended["error"], r"^Towline\.(Refused|BadInput)")
        found = SITE.run_job("query", {"query": "find", "parameters": ["apple"]})
        self.assertEqual(json.loads(found["output"]), {"rows": [{"name": "apple"}]})


COMMANDS = ("$(touch pwned)", "`touch pwned`", "; touch pwned", "| touch pwned", "\n touch pwned",
            "--help", "-e 'touch pwned'", "\"; touch pwned; \"")


@rows({repr(command): (command,) for command in COMMANDS})
class CommandTest(unittest.TestCase):
    def attack(self, command):
        ended = SITE.run_job("echo", {"a": command, command: 1})
        self.assertEqual(json.loads(ended["output"]), {"a": command, command: 1})
        self.assertEqual(list(SITE.folder.rglob("pwned")), [])


if __name__ == "__main__":
    unittest.main()
