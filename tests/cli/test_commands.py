"""Every command of `towline` against a live server: what it prints for people and for programs, and
how it ends. One installation for all; the last check is that no command was left out."""

import json
import os
import pty
import re
import subprocess
import unittest

from administration import AccessTest, MapRunTest, QuotaTest
from command_case import (ADD, BIN, BROKEN, FAIL, PAINT, PASS, PATIENCE, VANISH, WAIT, CommandTest,
                          on, tried)
from harness import eventually

# They share this module's installation: unittest starts and ends one per module.
AccessTest.__module__ = MapRunTest.__module__ = QuotaTest.__module__ = __name__


def setUpModule():
    on.start(job_types='[[job_type]]\nname = "add-numbers"\nhandler = "add-numbers"\n'
                       '[[job_type]]\nname = "say"\n'
                       'argv = ["sh", "-c", "echo hello >&2; echo 7"]\n',
             labels='site = "ams"')
    for name, definition in (("pass", PASS), ("fail", FAIL), ("wait", WAIT), ("add", ADD)):
        on.create(name, definition)


def tearDownModule():
    on.close(failed=False)
    missing = commands() - tried
    if missing:
        raise AssertionError(f"no test tries: {', '.join(sorted(missing))}")


def commands():
    """The names of all commands, as --help lists them."""
    text = subprocess.run([str(BIN / "towline"), "--help"], capture_output=True, text=True,
                          check=True).stdout
    listing = text.split("Usage: towline COMMAND")[1].split("Options of every command")[0]
    names = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)(?= )", listing, re.M)
    assert len(names) > 20, names
    return set(names)


class MachineTest(CommandTest):
    def test_a_machine_from_its_making_to_its_end(self):
        path = self.write("m.json", PASS)
        arn = "arn:towline:states:local:default:stateMachine:m"
        self.assertEqual(self.towline("machine", "create", "m", path).stdout, arn + "\n")
        self.assertEqual(self.json("machine", "create", "m", path)["stateMachineArn"], arn)
        self.write("m.json", WAIT)
        refused = self.towline("machine", "create", "m", path, code=3)
        self.assertIn("StateMachineAlreadyExists", refused.stderr)

        self.assertRegex(self.towline("machine", "update", "m", path).stdout,
                         r"^revision [0-9a-f]{12}; running executions keep")
        revision = self.json("machine", "update", "m", path)["revisionId"]
        shown = self.towline("machine", "describe", "m").stdout
        for line in ("name      m", f"arn       {arn}", "status    ACTIVE",
                     f"revision  {revision}", "running   0 executions"):
            self.assertIn(line + "\n", shown)
        described = self.json("machine", "describe", arn)
        self.assertEqual(described["status"], "ACTIVE")
        self.assertEqual(described["runningExecutions"], 0)
        self.assertEqual(json.loads(described["definition"]), WAIT)
        text = self.towline("machine", "describe", "m", "--definition").stdout
        self.assertEqual(json.loads(text), WAIT)

        head, rows = self.rows("machine", "list")
        self.assertEqual(head, ["NAME", "STATUS", "REVISION", "UPDATED"])
        self.assertIn(["m", "ACTIVE", revision[:12]], [row[:3] for row in rows])
        self.assertIn("m", [m["name"] for m in self.json("machine", "list")["stateMachines"]])

        self.towline("start", "m", "--name", "one")
        self.assertEqual(self.towline("machine", "delete", "m").stdout, "")
        self.assertEqual(self.json("machine", "describe", "m")["status"], "DELETING")
        self.assertIn("StateMachineDeleting", self.towline("start", "m", code=3).stderr)
        self.towline("stop", "m/one")
        self.assertEqual(self.json("machine", "delete", "m"), {})
        self.assertIn("StateMachineDoesNotExist",
                      self.towline("machine", "describe", "m", code=3).stderr)

    def test_a_wrong_definition_is_reported_like_a_compiler_would(self):
        path = self.write("broken.json", BROKEN)
        for command in (("machine", "create", "broken", path), ("machine", "update", "pass", path)):
            tried.add(" ".join(command[:2]))
            done = on.cli(*command, check=False)
            self.assertEqual(done.code, 3)
            self.assertIn(f"{path}:3:44: error MISSING_TRANSITION_TARGET", done.stderr)
            self.assertIn("(at /States/A/Next)", done.stderr)
            self.assertIn("towline: the server refused", done.stderr.splitlines()[-1])

    def test_warnings_do_not_hinder(self):
        endless = {k: v for k, v in ADD["States"]["Add"].items() if k != "TimeoutSeconds"}
        path = self.write("endless.json", {"StartAt": "Add", "States": {"Add": endless}})
        done = self.towline("machine", "create", "endless", path)
        self.assertIn(": warning NO_TIMEOUT", done.stderr)
        self.assertIn("stateMachine:endless", done.stdout)

    def test_a_file_that_cannot_be_read(self):
        for path in ("/does/not/exist.json", on.folder):
            done = self.towline("machine", "create", "x", path, code=2)
            self.assertIn(f"cannot read {path}", done.stderr)

    def test_a_definition_from_standard_input(self):
        done = self.towline("machine", "create", "piped", "-", stdin=json.dumps(PASS))
        self.assertIn("stateMachine:piped", done.stdout)


class ValidateTest(CommandTest):
    def test_every_finding_with_its_place(self):
        path = self.write("broken.json", BROKEN)
        good = self.write("good.json", PASS)
        for more in ((), ("--ask-server",), ("--server", on.address)):
            with self.subTest(more):
                done = self.towline("validate", path, *more, code=1)
                self.assertIn(f"{path}:3:44: error MISSING_TRANSITION_TARGET", done.stdout)
                self.assertRegex(done.stdout.splitlines()[-1], rf"{path}: \d error\(s\)")
                self.assertEqual(self.towline("validate", good, *more).stdout, f"{good}: valid\n")
                found = self.json("validate", path, *more, code=1)
                self.assertFalse(found["ok"])
                self.assertEqual(found["diagnostics"][0]["severity"], "ERROR")
                self.assertEqual(found["diagnostics"][0]["line"], 3)
        done = self.towline("validate", "-", stdin=BROKEN, code=1)
        self.assertIn("(standard input):3:44", done.stdout)

    def test_the_job_types_and_those_that_no_worker_has_announced(self):
        served, unknown = self.write("add.json", ADD), self.write("vanish.json", VANISH)
        for path, name in ((served, "add-numbers"), (unknown, "vanish")):
            shown = self.towline("validate", path).stdout
            self.assertEqual(shown, f"{path}: valid\njob types: {name}\n")
        eventually("the worker's type is known", lambda: self.json(
            "validate", served, "--ask-server")["jobTypes"][0]["announced"])
        self.assertNotIn("no worker", self.towline("validate", served, "--ask-server").stdout)
        self.assertIn("no worker has announced: vanish (their jobs wait until one does)",
                      self.towline("validate", unknown, "--ask-server").stdout)
        self.assertNotIn("announced", self.json("validate", unknown)["jobTypes"][0])

    def test_a_state_is_tried_without_a_server(self):
        # More of it in test_test_state.py.
        done = self.towline("test-state", "-", "--state", "A", "--input", "[1]",
                            stdin=json.dumps(PASS), env={"TOWLINE_SERVER": "127.0.0.1:1"})
        self.assertIn("status    SUCCEEDED\n", done.stdout)


class ExecutionTest(CommandTest):
    def test_start_prints_the_name_and_with_wait_the_output(self):
        done = self.towline("start", "pass", "--name", "s1", "--input", '{"a": 1}')
        self.assertEqual(done.stdout, "pass/s1\n")
        started = self.json("start", "wait", "--name", "s2")
        self.assertEqual(started["status"], "RUNNING")
        done = self.towline("start", "pass", "--wait", "--input", '{"a": 1}')
        self.assertEqual(json.loads(done.stdout), {"a": 1})
        self.write("input.json", '{"from": "file"}')
        done = self.towline("start", "pass", "--wait", "--input", "@input.json")
        self.assertEqual(json.loads(done.stdout), {"from": "file"})
        done = self.towline("start", "pass", "--wait", "--input", "-", stdin="[1]")
        self.assertEqual(json.loads(done.stdout), [1])
        ended = self.json("start", "pass", "--wait")
        self.assertEqual((ended["status"], ended["output"]), ("SUCCEEDED", "{}"))

    def test_start_with_wait_ends_with_1_when_the_execution_fails(self):
        done = self.towline("start", "fail", "--name", "f1", "--wait", code=1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "towline: fail/f1 ended FAILED: Site.Fire: hall 2 "
                                      "(see: towline history fail/f1)\n")
        ended = self.json("start", "fail", "--wait", code=1)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "Site.Fire"))

    def test_what_start_refuses(self):
        self.assertIn("StateMachineDoesNotExist", self.towline("start", "none", code=3).stderr)
        self.assertIn("InvalidName", self.towline("start", "pass", "--name", "a b", code=3).stderr)
        done = self.towline("start", "pass", "--input", "{'a': 1}", code=3)
        self.assertIn("InvalidExecutionInput", done.stderr)
        self.assertIn("line 1, column 2", done.stderr)
        self.assertIn("empty", self.towline("start", "pass", "--input", "", code=2).stderr)
        self.assertIn("cannot read",
                      self.towline("start", "pass", "--input", "@none.json", code=2).stderr)
        self.towline("start", "pass", "--name", "twice", "--wait")
        self.assertIn("ExecutionAlreadyExists",
                      self.towline("start", "pass", "--name", "twice", code=3).stderr)

    def test_describe(self):
        self.towline("start", "pass", "--name", "d1", "--wait", "--input", '{"a": 1}')
        shown = self.towline("describe", "pass/d1").stdout
        for line in ("name      pass/d1", "status    SUCCEEDED", 'input     {"a":1}',
                     'output    {"a":1}'):
            self.assertIn(line + "\n", shown)
        self.assertRegex(shown, r"stopped   \S+ \S+Z \(after ")
        arn = "arn:towline:states:local:default:execution:pass:d1"
        for name in ("pass/d1", "pass:d1", arn):
            described = self.json("describe", name)
            self.assertEqual(described["executionArn"], arn)
            self.assertEqual(described["output"], '{"a":1}', "payloads stay JSON texts")
        self.towline("start", "wait", "--name", "d2")
        self.assertIn("towline why wait/d2", self.towline("describe", "wait/d2").stdout)
        self.towline("start", "fail", "--name", "d3", "--wait", code=1)
        self.assertIn("error     Site.Fire\ncause     hall 2\n",
                      self.towline("describe", "fail/d3").stdout)
        self.assertIn("ExecutionDoesNotExist", self.towline("describe", "pass/no", code=3).stderr)
        self.assertIn("InvalidArn", self.towline("describe", "pass", code=3).stderr)

    def test_list(self):
        on.create("listed", WAIT)
        on.create("other", PASS)
        for name in ("a", "b", "c"):
            self.towline("start", "listed", "--name", name)
        self.towline("start", "other", "--name", "d", "--wait")
        head, rows = self.rows("list", "--machine", "listed")
        self.assertEqual(head, ["EXECUTION", "STATUS", "STARTED", "DURATION"])
        self.assertEqual([row[0] for row in rows], ["listed/c", "listed/b", "listed/a"])
        self.assertEqual({row[1] for row in rows}, {"RUNNING"})
        done = self.towline("list", "--machine", "listed", "--limit", "2")
        self.assertEqual(len(done.stdout.splitlines()), 3)
        self.assertIn("more", done.stderr)
        succeeded = self.json("list", "--status", "succeeded", "--limit", "1000")["executions"]
        names = [e["stateMachine"] + "/" + e["name"] for e in succeeded]
        self.assertIn("other/d", names)
        self.assertNotIn("listed/a", names)
        self.assertEqual(
            self.json("list", "--machine", "other", "--status", "timed_out")["executions"], [])
        self.assertIn("is no status",
                      self.towline("list", "--status", "tired", code=2).stderr)
        self.assertIn("--limit", self.towline("list", "--limit", "0", code=2).stderr)
        self.assertIn("StateMachineDoesNotExist",
                      self.towline("list", "--machine", "none", code=3).stderr)

    def test_stop(self):
        self.towline("start", "wait", "--name", "x1")
        done = self.towline("stop", "wait/x1", "--error", "Enough", "--cause", "of it")
        self.assertRegex(done.stdout, r"^ABORTED at \S+ \S+Z\n$")
        described = self.json("describe", "wait/x1")
        self.assertEqual((described["error"], described["cause"]), ("Enough", "of it"))
        self.assertEqual(self.json("stop", "wait/x1")["status"], "ABORTED")
        self.assertIn("ExecutionDoesNotExist", self.towline("stop", "wait/no", code=3).stderr)

    def test_history(self):
        self.towline("start", "add", "--name", "h1", "--wait", "--input", '{"a": 15, "b": 42}')
        head, rows = self.rows("history", "add/h1")
        self.assertEqual(head, ["ID", "TIME", "EVENT", "WHAT", "DETAIL"])
        rows = [row for row in rows if not row[0].startswith("(")]
        self.assertEqual([row[0] for row in rows], [str(i + 1) for i in range(len(rows))])
        self.assertEqual(rows[1][2:4], ["TaskStateEntered", "Add"])
        self.assertEqual(rows[-1][2], "ExecutionSucceeded")
        self.assertEqual(json.loads(rows[-1][4]), {"sum": 57})
        events = self.json("history", "add/h1")["events"]
        self.assertEqual([e["id"] for e in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[1]["details"]["name"], "Add", "details are an object")
        self.assertEqual(json.loads(events[-1]["details"]["output"]), {"sum": 57})
        reverse = self.json("history", "add/h1", "--reverse", "--limit", "2")["events"]
        self.assertEqual(reverse, events[:-3:-1])
        self.assertNotIn("sum", self.towline("history", "add/h1", "--no-data").stdout)
        full = self.json("history", "add/h1", "--full")["events"]
        self.assertEqual([e["seq"] for e in full], list(range(1, len(full) + 1)))
        self.assertIn("more", self.towline("history", "add/h1", "--limit", "1").stderr)
        self.assertIn("--limit", self.towline("history", "add/h1", "--limit", "0", code=2).stderr)
        self.assertIn("ExecutionDoesNotExist", self.towline("history", "add/no", code=3).stderr)

    def test_watch_ends_with_the_execution(self):
        self.towline("start", "add", "--name", "w1", "--input", '{"a": 15, "b": 42}')
        lines = self.towline("watch", "add/w1").stdout.splitlines()
        self.assertRegex(lines[0], r"^\d\d:\d\d:\d\d\.\d{3}     1  ExecutionStarted")
        self.assertRegex(lines[-1], r'^SUCCEEDED {"sum":57} \(after ')
        messages = [json.loads(line)
                    for line in self.towline("watch", "add/w1", "--json").stdout.splitlines()]
        self.assertEqual(messages[0]["event"]["type"], "ExecutionStarted")
        self.assertEqual(messages[-1]["ended"]["status"], "SUCCEEDED")
        self.towline("start", "fail", "--name", "w2")
        failed = self.towline("watch", "fail/w2", code=1).stdout.splitlines()
        self.assertRegex(failed[-1], r"^FAILED Site.Fire: hall 2 \(after ")
        self.assertIn("ExecutionDoesNotExist", self.towline("watch", "fail/no", code=3).stderr)

    def test_logs(self):
        say = {"StartAt": "Say", "States": {"Say": {
            "Type": "Task", "Resource": "arn:towline:states:::job:run",
            "Parameters": {"JobType": "say"}, "End": True}}}
        self.towline("machine", "create", "say", self.write("say.json", say))
        self.towline("start", "say", "--name", "l1")
        followed = self.towline("logs", "-f", "say/l1")
        lines = followed.stdout.splitlines()
        self.assertRegex(followed.stdout, r"(?m)^\d\d:\d\d:\d\d\.\d{3} Say stderr \| hello$")
        self.assertEqual(sorted(line.split(" | ")[1] for line in lines), ["7", "hello"])
        self.assertEqual(followed.stderr, "(say/l1: SUCCEEDED)\n")
        self.assertEqual(self.towline("logs", "say/l1").stdout, followed.stdout)
        messages = [json.loads(line)["log"] for line in
                    self.towline("logs", "say/l1", "--json", "--state", "Say").stdout.splitlines()]
        self.assertEqual({m["stream"]: m["text"] for m in messages},
                         {"stderr": "hello\n", "stdout": "7\n"})
        task = str(messages[0]["task"])
        self.assertEqual(self.towline("logs", "say/l1", "--task", task, "--since", "1h").stdout,
                         followed.stdout)
        self.towline("start", "pass", "--name", "l2", "--wait")
        nothing = self.towline("logs", "pass/l2")
        self.assertEqual(nothing.stdout, "")
        self.assertIn("no job of it has printed anything", nothing.stderr)
        self.assertIn("ExecutionDoesNotExist", self.towline("logs", "pass/no", code=3).stderr)
        for since in ("soon", "0s", "2026-11-25"):
            self.assertIn("--since", self.towline("logs", "pass/l2", "--since", since,
                                                  code=2).stderr)

    def test_why(self):
        self.towline("start", "wait", "--name", "y1")
        shown = self.towline("why", "wait/y1").stdout
        self.assertRegex(shown, r"^wait/y1 is RUNNING, started ")
        self.assertIn("State W\n  waits for the end of a Wait\n", shown)
        waiting, = self.json("why", "wait/y1")["waiting"]
        self.assertEqual((waiting["path"], waiting["what"]), ("W", "TIMER"))
        self.towline("start", "pass", "--name", "y2", "--wait")
        self.assertIn("It has ended: SUCCEEDED.", self.towline("why", "pass/y2").stdout)
        self.assertIn("ExecutionDoesNotExist", self.towline("why", "wait/no", code=3).stderr)


class WorkerTest(CommandTest):
    def test_workers(self):
        head, rows = self.rows("workers")
        self.assertEqual(head, ["WORKER", "STATE", "SLOTS", "LAST SEEN", "LABELS", "TYPES"])
        row, = (row for row in rows if row[0] == "ams-1")
        self.assertEqual((row[1], row[4], row[5]), ("online", "site=ams", "add-numbers, say"))
        worker, = (w for w in self.json("workers")["workers"] if w["name"] == "ams-1")
        self.assertEqual((worker["name"], worker["state"], worker["slots"]),
                         ("ams-1", "ONLINE", 4))
        self.assertEqual(self.json("workers", "--tenant", "acme"), {"workers": []})
        shown = self.towline("worker", "describe", "ams-1").stdout
        for line in ("worker    ams-1 (tenant default)", "state     online", "queues    default",
                     "labels    site=ams"):
            self.assertIn(line + "\n", shown)
        for command in ("describe", "drain", "undrain"):
            self.assertIn("WorkerDoesNotExist",
                          self.towline("worker", command, "none", code=3).stderr)

    def test_a_drained_worker_gets_nothing_new(self):
        self.assertTrue(self.json("worker", "drain", "ams-1")["drainRequested"])
        eventually("it drains", lambda: "draining" in self.towline("workers").stdout)
        self.towline("start", "add", "--name", "dr1", "--input", '{"a": 1, "b": 2}')
        waiting, = self.json("why", "add/dr1")["waiting"]
        self.assertIn("draining", waiting["reason"])
        self.assertIn("ams-1", self.towline("worker", "undrain", "ams-1").stdout)
        self.assertEqual(on.await_end("add/dr1")["status"], "SUCCEEDED")

    def test_forgetting_a_job_whose_worker_is_gone(self):
        self.assertIn("ExecutionDoesNotExist",
                      self.towline("task", "forget", "sleep/no", "3", code=3).stderr)
        self.assertIn("is no task number",
                      self.towline("task", "forget", "sleep/no", "x", code=2).stderr)
        worker = on.start_worker("gone", job_types='[[job_type]]\nname = "vanish"\n'
                                                   'argv = ["/bin/sleep", "3600"]\n')
        on.await_worker("gone")
        on.create("vanish", VANISH)
        self.towline("start", "vanish", "--name", "v1")
        waiting = eventually("the job is accepted", lambda: next(
            (w for w in self.json("why", "vanish/v1")["waiting"] if w["stage"] == "accepted"),
            None))
        task = waiting["task"]
        self.assertEqual(waiting["worker"], "default_gone")
        self.assertIn("TaskNotCancelling",
                      self.towline("task", "forget", "vanish/v1", task, code=3).stderr)
        worker.kill()
        self.towline("stop", "vanish/v1")
        shown = self.towline("why", "vanish/v1").stdout
        self.assertIn(f"towline task forget vanish/v1 {task}", shown)
        self.towline("task", "forget", "vanish/v1", task, "--reason", "scrapped")
        self.assertIn("TaskDoesNotExist",
                      self.towline("task", "forget", "vanish/v1", task, code=3).stderr)
        self.assertIn("forgotten by an operator",
                      self.towline("history", "vanish/v1", "--full").stdout)


class ActivityAndTaskTest(CommandTest):
    ARN = "arn:towline:states:local:default:activity:"

    def begin(self, name):
        """An execution whose task has been polled; its token."""
        self.towline("activity", "create", "paint")
        path = self.write("paint.json", PAINT)
        self.towline("machine", "create", "paint", path)
        self.towline("start", "paint", "--name", name, "--input", '{"colour":"red"}')
        done = self.towline("activity", "poll", "paint", "--worker-name", "anna")
        token, value = done.stdout.splitlines()
        self.assertEqual(json.loads(value), {"colour": "red"})
        return token

    def test_activities(self):
        self.assertTrue(self.towline("activity", "create", "a1").stdout.startswith(self.ARN))
        self.assertEqual(self.json("activity", "create", "a1")["activityArn"], self.ARN + "a1")
        self.assertIn(self.ARN + "a1", self.towline("activity", "describe", "a1").stdout)
        self.assertEqual(self.json("activity", "describe", self.ARN + "a1")["name"], "a1")
        head, rows = self.rows("activity", "list")
        self.assertEqual(head, ["NAME", "CREATED"])
        self.assertIn("a1", [row[0] for row in rows])
        self.assertIn("a1", [a["name"] for a in self.json("activity", "list")["activities"]])
        self.assertEqual(self.towline("activity", "delete", "a1").stdout, "")
        self.assertEqual(self.json("activity", "delete", "a1"), {})
        self.assertIn("ActivityDoesNotExist",
                      self.towline("activity", "describe", "a1", code=3).stderr)
        self.assertIn("ActivityDoesNotExist",
                      self.towline("activity", "poll", "a1", code=3).stderr)
        self.assertIn("InvalidName", self.towline("activity", "create", "a b", code=3).stderr)

    def test_a_poll_that_gets_nothing(self):
        self.towline("activity", "create", "idle")
        self.assertIn("no task came",
                      self.towline("activity", "poll", "idle", "--patience", "1", code=3).stderr)
        self.assertIn("--patience",
                      self.towline("activity", "poll", "idle", "--patience", "0", code=2).stderr)

    def test_a_task_succeeds(self):
        token = self.begin("t1")
        self.assertEqual(self.towline("task", "heartbeat", "--token", token).stdout, "")
        self.towline("task", "succeed", "--token", token, "--output", '{"done": true}')
        self.assertEqual(json.loads(self.json("describe", "paint/t1")["output"]), {"done": True})
        self.assertEqual(self.json("task", "succeed", "--token", token, "--output",
                                   '{"done":true}'), {}, "saying it again is fine")
        self.assertIn("TaskTimedOut",
                      self.towline("task", "succeed", "--token", token, code=3).stderr)
        self.assertIn("TaskTimedOut",
                      self.towline("task", "heartbeat", "--token", token, code=3).stderr)

    def test_a_task_fails(self):
        token = self.begin("t2")
        self.towline("task", "fail", "--token", token, "--error", "Site.Fire", "--cause", "hall 2")
        described = self.json("describe", "paint/t2")
        self.assertEqual((described["error"], described["cause"]), ("Site.Fire", "hall 2"))

    def test_outputs_are_given_as_inputs_are(self):
        for name, option, stdin in (("t3", "@output.json", ""), ("t4", "-", "57")):
            self.write("output.json", "57")
            token = self.begin(name)
            self.towline("task", "succeed", "--token", token, "--output", option, stdin=stdin)
            self.assertEqual(self.json("describe", f"paint/{name}")["output"], "57")

    def test_what_tasks_refuse(self):
        for verb in ("succeed", "fail", "heartbeat"):
            self.assertIn("--token", self.towline("task", verb, code=2).stderr)
            self.assertIn("InvalidToken",
                          self.towline("task", verb, "--token", "x", code=3).stderr)
        token = self.begin("t5")
        self.assertIn("InvalidOutput", self.towline("task", "succeed", "--token", token, "--output",
                                                    "nonsense", code=3).stderr)
        self.assertIn("AccessDeniedException", self.towline(
            "task", "heartbeat", "--token", token, "--tenant", "acme", code=3).stderr)
        self.assertIn("AccessDeniedException", self.towline(
            "task", "succeed", "--token", token, code=3, env={"TOWLINE_TENANT": "acme"}).stderr)
        self.towline("task", "fail", "--token", token)


class CommandLineTest(CommandTest):
    def test_every_command_explains_itself(self):
        for name in sorted(commands()):
            with self.subTest(name):
                text = self.towline(*name.split(), "--help").stdout
                self.assertIn(f"towline {name}", text)
                for option in ("--server", "--tenant", "--json", "--help"):
                    self.assertIn(option, text)
                self.assertNotIn('(default: "")', text)
                self.assertLessEqual(max(map(len, text.splitlines())), 100, text)

    def test_every_command_refuses_what_it_does_not_know(self):
        for name in sorted(commands()):
            with self.subTest(name):
                done = self.towline(*name.split(), "--nonsense", code=2)
                self.assertIn("nonsense", done.stderr)
                self.assertIn(f"towline {name} --help", done.stderr)
                done = self.towline(*name.split(), "one", "word", "too", "many", code=2)
                self.assertIn(f"usage: towline {name}", done.stderr)

    def test_unknown_words(self):
        self.assertIn("there is no command 'dance'", self.towline("dance", code=2).stderr)
        self.assertIn("'machine' needs one more word: towline machine create|update|",
                      self.towline("machine", code=2).stderr)
        self.assertIn("no command given", self.towline("--json", code=2).stderr)
        for number in ("many", "0", "-1", "1.5", ""):
            self.assertIn(f"--limit takes a whole number of at least 1, not '{number}'",
                          self.towline("list", f"--limit={number}", code=2).stderr)

    def test_no_server_is_exit_code_4(self):
        nobody = "127.0.0.1:1"
        for done in (self.towline("workers", "--server", nobody, code=4),
                     self.towline("workers", code=4, env={"TOWLINE_SERVER": nobody})):
            self.assertIn(f"no server answers at {nobody}", done.stderr)
            self.assertIn("towline-server dev", done.stderr)

    def test_options_may_stand_anywhere(self):
        self.towline("start", "pass", "--name", "o1", "--wait")
        for words in (("--json", "describe", "pass/o1"), ("describe", "--json", "pass/o1"),
                      ("--server", on.address, "describe", "pass/o1", "--json")):
            self.assertEqual(json.loads(self.towline(*words).stdout)["name"], "o1")

    def test_completion_offers_commands_and_options(self):
        for shell in ("bash", "zsh"):
            self.assertIn(f"# {shell} completion", self.towline("completion", shell).stdout)
        self.assertIn("bash or zsh", self.towline("completion", "fish", code=2).stderr)
        script = self.write("completion.bash", self.towline("completion", "bash").stdout)

        def complete(*words):
            program = (f"source {script}; COMP_WORDS=({' '.join(words)} ''); "
                       f"COMP_WORDS[{len(words) - 1}]='{words[-1]}'; COMP_CWORD={len(words) - 1}; "
                       '_towline; printf "%s\\n" "${COMPREPLY[@]}"')
            return subprocess.run(["bash", "-c", program], capture_output=True, text=True,
                                  cwd=on.folder, check=True).stdout.split()
        self.assertEqual(set(complete("towline", "wo")), {"worker", "workers"})
        self.assertEqual(set(complete("towline", "machine", "de")), {"describe", "delete"})
        self.assertEqual(complete("towline", "start", "--inp"), ["--input"])
        self.assertEqual(set(complete("towline", "task", "fail", "--cau")), {"--cause"})

    def on_terminal(self, *arguments, env=None):
        """What a person at a terminal of 80 columns sees."""
        parent, child = pty.openpty()
        subprocess.run(["stty", "cols", "80", "-onlcr"], stdin=child, check=True)
        program = subprocess.Popen(
            [str(BIN / "towline"), *arguments], stdin=child, stdout=child,
            stderr=subprocess.DEVNULL, cwd=on.folder,
            env={**os.environ, "TOWLINE_SERVER": on.address, "TERM": "xterm", **(env or {})})
        os.close(child)
        text = b""
        while True:
            try:
                piece = os.read(parent, 4096)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(parent)
        self.assertEqual(program.wait(timeout=PATIENCE), 0)
        return text.decode()

    def test_colour_and_width_belong_to_a_terminal(self):
        self.towline("start", "pass", "--name", "c1", "--wait", "--input", json.dumps(["x" * 200]))
        self.assertNotIn("\x1b", self.towline("history", "pass/c1").stdout)
        painted = self.on_terminal("history", "pass/c1")
        self.assertIn("\x1b[32m", painted, "success is green")
        plain = self.on_terminal("history", "pass/c1", env={"NO_COLOR": "1"})
        self.assertNotIn("\x1b", plain)
        self.assertEqual(max(map(len, plain.splitlines())), 80, "cut where the terminal ends")
        self.assertIn("x" * 200, self.towline("history", "pass/c1").stdout)
        indented = self.on_terminal("describe", "pass/c1", "--json")
        self.assertIn('\n  "name": "c1"', indented)


if __name__ == "__main__":
    unittest.main(verbosity=2)
