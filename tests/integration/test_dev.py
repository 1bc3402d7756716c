"""`towline-server dev`: everything in one command, gone with Ctrl-C, state kept."""

import os
import signal
import unittest
from pathlib import Path

from harness import BIN, IntegrationTest, eventually

SUM = {"StartAt": "Add", "States": {"Add": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run",
    "Parameters": {"JobType": "add-numbers", "Payload": {"a.$": "$.a", "b.$": "$.b"}},
    "TimeoutSeconds": 60, "HeartbeatSeconds": 10, "End": True}}}


def of_session(session):
    """Process ids whose session is this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


class DevTest(IntegrationTest):
    def start_dev(self):
        self.on.server = self.on.launch(
            "dev", [BIN / "towline-server", "dev", "--data", self.on.data,
                    "--listen", "127.0.0.1:0"])
        self.on.address = self.on.server.await_line(r"^ready grpc=(\S+)$").group(1)
        return self.on.server

    def test_works_at_once_and_leaves_nothing(self):
        dev = self.start_dev()
        self.on.create("sum", SUM)
        execution = self.on.begin("sum", "e1", {"a": 15, "b": 42})
        self.assertEqual(self.on.await_end(execution)["status"], "SUCCEEDED")
        everyone = of_session(dev.pid)
        self.assertGreaterEqual(len(everyone), 3, "a server, a broker and a worker")

        self.on.create("wait", {"StartAt": "W", "States": {
            "W": {"Type": "Wait", "Seconds": 3, "End": True}}})
        pending = self.on.begin("wait", "w1", {})
        # Ctrl-C at a terminal reaches every process of the group.
        os.killpg(dev.pid, signal.SIGINT)
        code, seconds = dev.stop(signal.SIGINT)
        self.assertEqual(code, 0)
        self.assertLess(seconds, 8)
        eventually("everything has gone", lambda: not of_session(dev.pid), patience=3)

        self.start_dev()
        self.assertEqual(self.on.describe(execution)["status"], "SUCCEEDED")
        self.assertEqual(self.on.await_end(pending)["status"], "SUCCEEDED")
        self.on.await_worker("dev")

    # Killed outright, it must not leave a broker and a worker behind either.
    def test_kill_9_takes_the_others_along(self):
        dev = self.start_dev()
        self.on.create("sum", SUM)
        dev.kill()
        eventually("everything has gone", lambda: not of_session(dev.pid), patience=10)
        self.start_dev()
        execution = self.on.begin("sum", "e1", {"a": 1, "b": 2})
        self.assertEqual(self.on.await_end(execution)["status"], "SUCCEEDED")


if __name__ == "__main__":
    unittest.main(verbosity=2)
