"""What jobs print: from the program through MQTT to `towline logs`, live, bounded, redacted, across
a kill of the server and an absence of the broker; or kept on site."""

import json
import time
import unittest

from harness import BIN, IntegrationTest, eventually

# Prints what its input says, waits for the gate where there is one, prints the rest.
SCRIPT = """
import json, os, sys, time
job = json.load(sys.stdin)
for line in job.get("before", []):
    print(line, file=sys.stderr, flush=True)
while "gate" in job and not os.path.exists(job["gate"]):
    time.sleep(0.02)
for line in job.get("after", []):
    print(line, file=sys.stderr, flush=True)
for i in range(job.get("flood", 0)):
    print("flood", i, "x" * 200, file=sys.stderr)
print(json.dumps(job.get("result", 57)))
"""

ONE_JOB = {"StartAt": "Print", "States": {"Print": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run",
    "Parameters": {"JobType": "print", "Payload.$": "$"}, "End": True}}}


class LogsTest(IntegrationTest):
    def start(self, more="", **options):
        (self.on.folder / "print.py").write_text(SCRIPT)
        job_types = ('[[job_type]]\nname = "print"\n'
                     f'argv = ["python3", "{self.on.folder / "print.py"}"]\n{more}\n')
        worker = self.on.start(job_types=job_types, **options)
        self.on.create("print", ONE_JOB)
        return worker

    def gate(self):
        return str(self.on.folder / "gate")

    def open_gate(self):
        (self.on.folder / "gate").touch()

    def texts(self, execution, *more):
        """[(stream, text)] as the command line has them for programs."""
        answer = self.on.cli("logs", execution, "--json", *more)
        logs = [json.loads(line)["log"] for line in answer.stdout.splitlines()
                if "log" in json.loads(line)]
        return [(log["stream"], log["text"]) for log in logs]

    def follow(self, execution, *more):
        return self.on.launch("logs", [BIN / "towline", "--server", self.on.address, "logs", "-f",
                                       execution, *more])

    def test_a_running_job_is_followed_and_its_log_stays(self):
        self.start()
        execution = self.on.begin("print", "e1", {
            "before": ["begun", "half \u00e9\x1b[31mred"], "gate": self.gate(), "after": ["done"]})
        tail = self.follow(execution)
        tail.await_line(r"^\d\d:\d\d:\d\d\.\d{3} Print stderr \| begun$")
        tail.await_line(r" Print stderr \| half \u00e9red$")
        self.assertTrue(tail.running(), "it follows")
        self.open_gate()
        tail.await_line(r" Print stderr \| done$")
        tail.await_line(r" Print stdout \| 57$")
        began = time.monotonic()
        self.assertEqual(tail.process.wait(timeout=20), 0)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("SUCCEEDED", tail.stderr())
        self.assertEqual(self.on.cli("logs", execution).stdout, tail.stdout())
        self.assertEqual(self.texts(execution, "--state", "Other"), [])
        self.assertEqual(self.texts(execution, "--since", "1h"), self.texts(execution))
        refused = self.on.cli("logs", "print/none", check=False)
        self.assertEqual(refused.code, 3)
        refused = self.on.cli("logs", execution, "--since", "yesterday", check=False)
        self.assertEqual(refused.code, 2)
        self.assert_one_line(refused.stderr, "--since", "yesterday")

    def test_a_flood_is_bounded_and_the_result_overtakes_it(self):
        self.start(more="log_bytes_max = 40000")
        execution = self.on.begin("print", "e1", {"flood": 20_000})
        self.on.await_end(execution)
        eventually("the tail has come",
                   lambda: "flood 19999 " in self.on.cli("logs", execution).stdout, pause=0.3)
        answer = self.on.cli("logs", execution).stdout
        lines = answer.splitlines()
        self.assertIn("flood 0 ", lines[0])
        self.assertEqual(sum("bytes are missing here" in line for line in lines), 1)
        self.assertTrue(any("flood 19999 " in line for line in lines))
        size = sum(len(text) for _, text in self.texts(execution))
        self.assertLessEqual(size, 40_000)
        self.assertGreater(size, 39_000, "all but a line of each")

    def test_secrets_do_not_leave_the_site(self):
        self.start(more='redact = ["hunter\\\\d+", "(?i)authorization: .*"]')
        execution = self.on.begin("print", "e1", {
            "before": ["password hunter2 given", "Authorization: Basic abc", "plain"]})
        self.on.await_end(execution)
        self.assertEqual("".join(text for stream, text in self.texts(execution)
                                 if stream == "stderr"),
                         "password [redacted] given\n[redacted]\nplain\n")
        self.on.server.stop()
        stored = b"".join(path.read_bytes() for path in self.on.data.glob("logs.db*"))
        self.assertIn(b"plain", stored)
        self.assertNotIn(b"Basic abc", stored)
        self.assertNotIn(b"hunter2 given", stored)

    def test_local_logs_stay_on_site_and_off_are_not_kept(self):
        path = self.on.folder / "worker-ams-1" / "logs" / "print.log"
        self.start(more='logs = "local"')
        execution = self.on.begin("print", "e1", {"before": ["only here"]})
        self.on.await_end(execution)
        logs = eventually("the note has come", lambda: self.texts(execution))
        self.assertEqual([stream for stream, _ in logs], ["note"])
        self.assertIn(f"stays on site: default_ams-1, {path}", logs[0][1])
        self.assertRegex(path.read_text(), r"execution:print:e1 Print #1 stderr \| only here\n")

    def test_a_kill_of_the_server_costs_no_line_and_no_follower(self):
        self.start()
        execution = self.on.begin("print", "e1", {
            "before": ["before the kill"], "gate": self.gate(),
            "after": [f"after {i}" for i in range(50)]})
        eventually("the first line is kept", lambda: self.texts(execution))
        port = self.on.address.rsplit(":", 1)[1]
        tail = self.follow(execution)
        tail.await_line("before the kill")
        self.on.server.kill()
        self.open_gate()  # the job ends while there is no server
        time.sleep(1)
        self.on.start_server("--listen", f"127.0.0.1:{port}")
        self.on.await_end(execution)
        self.assertEqual(tail.process.wait(timeout=40), 0, tail.stderr())
        wanted = (["before the kill"] + [f"after {i}" for i in range(50)] + ["57"])
        self.assertEqual([line.split(" | ")[1] for line in tail.stdout().splitlines()], wanted)

    def test_the_broker_away_costs_no_line(self):
        self.start()
        execution = self.on.begin("print", "e1", {
            "before": ["with the link"], "gate": self.gate(), "after": ["in the dark"]})
        eventually("the first line is kept", lambda: self.texts(execution))
        self.on.broker.kill()
        self.open_gate()
        time.sleep(2)
        self.on.start_broker()
        self.on.await_end(execution)
        eventually("all has come", lambda: "".join(t for _, t in self.texts(execution)) ==
                   "with the link\nin the dark\n57\n", pause=0.3)

    def test_another_tenant_sees_nothing(self):
        self.start()
        execution = self.on.begin("print", "e1", {"before": ["mine"]})
        self.on.await_end(execution)
        refused = self.on.cli("--tenant", "acme", "logs", execution, check=False)
        self.assertEqual(refused.code, 3)
        self.assertIn("ExecutionDoesNotExist", refused.stderr)
        arn = self.on.describe(execution)["executionArn"]
        refused = self.on.cli("--tenant", "acme", "logs", arn, check=False)
        self.assertEqual(refused.code, 3)

    def test_bad_log_events_are_refused_and_change_nothing(self):
        self.start()
        execution = self.on.begin("print", "e1", {"before": ["true"], "gate": self.gate()})
        eventually("the first line is kept", lambda: self.texts(execution))
        topic = "towline/1/default_evil/events"
        self.on.publish("towline/1/default_evil/presence", json.dumps(
            {"v": 1, "state": "online", "incarnation": 1, "connection": 1, "slots": 0}))
        fields = {"kind": "log", "token": "Zm9yZ2Vk", "attempt": 1, "stream": "stdout",
                  "offset": 0, "text": "forged\n"}
        for change in ({}, {"offset": -1}, {"offset": 1 << 60}, {"offset": "0"}, {"stream": ""},
                       {"stream": "x" * 100}, {"text": None}, {"ageMs": -5}, {"attempt": 0},
                       {"token": ""}, {"end": "yes"}):
            self.on.publish(topic, json.dumps(
                {"v": 1, "incarnation": 1, "events": [{**fields, **change}]}))
        self.on.publish(topic, b'{"v":1,"incarnation":1,"events":[{"kind":"log","text":"\xff"}]}')
        self.open_gate()
        self.assertEqual(self.on.await_end(execution)["status"], "SUCCEEDED")
        eventually("the end has come", lambda: ("stdout", "57\n") in self.texts(execution))
        self.assertEqual("".join(t for _, t in self.texts(execution)), "true\n57\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
