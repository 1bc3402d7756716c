"""Rubbish, oversized, forged and stale messages: refused, counted, and nothing is lost."""

import json
import os
import random
import subprocess
import unittest

from gated import GatedTest
from harness import PATIENCE, eventually

WORKER = "default_ams-1"


def rubbish(dice):
    """Payloads that no honest sender would send."""
    yield b""
    yield b"\x00"
    yield bytes(dice.randrange(256) for _ in range(300))
    yield b"{"
    yield b"null"
    yield b"[]"
    yield b'"v"'
    yield b"\xff\xfe{\"v\":1}"
    yield b"[" * 50000
    yield b'{"v":1' + b',"x":{"y":[' * 2000
    yield b'{"v":2,"results":[],"events":[],"jobs":[]}'
    yield b'{"v":"1"}'
    yield b'{"v":1}'
    yield b'{"v":1,"incarnation":-1,"results":{},"events":7,"jobs":"none"}'
    yield b'{"v":1,"incarnation":1e400,"events":[null,1,"x",[],{}],"results":[null,1,"x",[],{}]}'
    yield (b'{"v":1,"incarnation":1,"events":[{"kind":"dance","token":"x"}],'
           b'"results":[{"token":5,"attempt":"one","status":"great","output":{}}]}')
    yield b'{"v":1,"taskToken":"' + b"A" * 5000 + b'","output":1}'
    yield b'{"v":1,"connection":99,"jobs":[{"token":null,"attempt":-3,"type":"../../x"}]}'
    yield b'{"v":1,"connection":99,"cancel":[{}],"acks":[{}],"grants":[{}],"drain":"maybe"}'


OVERSIZED = b'{"v":1,"results":[{"token":"' + b"x" * 300_000 + b'"}]}'


class RubbishTest(GatedTest):
    def topics(self):
        for leaf in ("jobs", "control", "presence", "events", "results/0", "callbacks",
                     "results/7", "results/-1", "results/99999999999999999999", "nonsense"):
            yield f"towline/1/{WORKER}/{leaf}"
        for principal in ("default_nobody", "other_ams-1", "_", "Bad Name", "x" * 200):
            for leaf in ("presence", "events", "results/0", "callbacks"):
                yield f"towline/1/{principal}/{leaf}"

    def test_rubbish_on_every_topic(self):
        worker = self.start_all()
        execution = self.begin_job()
        dice = random.Random(1)
        everything = list(rubbish(dice))
        for topic in self.topics():
            # One connection per topic: mosquitto_pub -l would split at line breaks.
            for payload in dice.sample(everything, 6):
                self.on.publish(topic, payload)
        for payload in everything:
            for leaf in ("events", "results/0", "callbacks"):
                self.on.publish(f"towline/1/{WORKER}/{leaf}", payload)
        for leaf in ("jobs", "control", "events", "results/0", "presence"):
            self.on.publish(f"towline/1/{WORKER}/{leaf}", OVERSIZED)
        # Retained, so that it is also what a restarted server reads first.
        self.on.publish("towline/1/default_ghost/presence", "{", "-r")

        self.assertTrue(self.on.server.running(), "the server died of rubbish")
        self.assertTrue(worker.running(), "the worker died of rubbish")
        self.open_gate()
        self.assert_once(execution, {"sum": 57})
        self.assertEqual(len(self.notes("begun")), 1)
        self.assertIn("malformed", self.on.server.stderr().lower())
        self.assert_logged_with_restraint()
        self.on.server.kill()
        self.on.start_server()
        self.assert_once(self.on.begin("sum", "after", {"a": 1, "b": 1}), {"sum": 2})

    def assert_logged_with_restraint(self):
        """Once per sender and minute: whoever sends rubbish must not fill the disk."""
        lines = [line for line in self.on.server.stderr().splitlines() if "malformed" in line]
        self.assertLessEqual(len(lines), 30, "a line for each message fills the disk")


class TokenTest(GatedTest):
    """Whoever does not hold the token, or holds an old one, changes nothing."""

    def start_with_token(self):
        """An execution that waits for its callback, and its token as an MQTT client sees it."""
        self.start_all()
        self.on.create("ask", {"StartAt": "Ask", "States": {"Ask": {
            "Type": "Task", "Resource": "arn:towline:states:::mqtt:publish.waitForTaskToken",
            "Parameters": {"Topic": "site/questions", "Payload": {"token.$": "$$.Task.Token"},
                           "Retain": True},  # so that it may be read later, too
            "TimeoutSeconds": 240, "End": True}}})
        execution = self.on.begin("ask", "q1", {})
        question = subprocess.run(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.on.broker_port), "-q", "1",
             "-t", "site/questions", "-C", "1", "-W", str(int(PATIENCE))],
            capture_output=True, text=True, timeout=PATIENCE + 5, check=True)
        return execution, json.loads(question.stdout)["token"]

    def succeed(self, token, output, check=True):
        return self.on.cli("task", "succeed", "--token", token, "--output", json.dumps(output),
                           check=check)

    def test_forged_tokens_change_nothing(self):
        execution, token = self.start_with_token()
        flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
        other_task = token[:8] + ("A" if token[8] != "A" else "B") + token[9:]
        for forged in (flipped, other_task, token[:-4], token + "AAAA", "", "x", "A" * 256,
                       "A" * 100_000):
            answer = json.dumps({"v": 1, "taskToken": forged, "output": {"stolen": True}})
            self.on.publish(f"towline/1/{WORKER}/callbacks", answer)
            result = json.dumps({"v": 1, "incarnation": 1, "results": [
                {"token": forged, "attempt": 1, "status": "succeeded", "output": 1}]})
            self.on.publish(f"towline/1/{WORKER}/results/0", result)
        refused = self.on.cli("task", "succeed", "--token", flipped, "--output", "1", check=False)
        self.assertNotEqual(refused.code, 0)
        self.assertIn("InvalidToken", refused.stderr)
        self.assertEqual(self.on.describe(execution)["status"], "RUNNING")
        self.succeed(token, {"answer": 42})
        self.assert_once(execution, {"answer": 42})

    # The token is real, but its holder is not of this tenant.
    def test_another_tenant_cannot_use_a_token(self):
        execution, token = self.start_with_token()
        answer = json.dumps({"v": 1, "taskToken": token, "output": {"stolen": True}})
        self.on.publish("towline/1/other_w1/callbacks", answer)
        self.on.publish("towline/1/other_w1/results/0", json.dumps(
            {"v": 1, "incarnation": 1, "results": [
                {"token": token, "attempt": 1, "status": "succeeded", "output": 1}]}))
        self.on.publish(f"towline/1/{WORKER}/callbacks",
                        json.dumps({"v": 1, "taskToken": token, "output": {"answer": 42}}))
        self.assert_once(execution, {"answer": 42})

    def test_an_answer_by_mqtt_and_its_repetition(self):
        execution, token = self.start_with_token()
        for answer in ({"answer": 42}, {"answer": 42}, {"answer": 43}):
            self.on.publish(f"towline/1/{WORKER}/callbacks",
                            json.dumps({"v": 1, "taskToken": token, "output": answer}))
        self.assert_once(execution, {"answer": 42})
        # The same answer again is no error, another one comes too late.
        self.succeed(token, {"answer": 42})
        late = self.succeed(token, {"answer": 43}, check=False)
        self.assertNotEqual(late.code, 0)
        self.assertIn("TaskTimedOut", late.stderr)

    # Results under a wrong attempt, as a worker sends that was thought dead: acknowledged as stale
    # so that its journal drains, and without effect.
    def test_results_of_another_attempt_are_stale(self):
        self.start_all()
        execution = self.begin_job()
        token = self.job_token()
        for attempt in (2, 99):
            self.on.publish(f"towline/1/{WORKER}/results/0", json.dumps(
                {"v": 1, "incarnation": 1, "results": [
                    {"token": token, "attempt": attempt, "status": "succeeded",
                     "output": {"sum": -1}, "startedAt": "2026-01-01T00:00:00Z",
                     "finishedAt": "2026-01-01T00:00:01Z"}]}))
        self.open_gate()
        self.assert_once(execution, {"sum": 57})

    def job_token(self):
        (_, _, pid), = self.notes("begun")
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = dict(e.split(b"=", 1) for e in file.read().split(b"\0") if b"=" in e)
        return entries[b"TOWLINE_TOKEN"].decode()


if __name__ == "__main__":
    unittest.main(verbosity=2)
