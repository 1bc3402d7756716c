"""A cancel of a hostile job, through all programs: confirmed when nothing of it is left."""

import json
import time
import unittest
from pathlib import Path

from harness import IntegrationTest, eventually

HOSTILE = """#!/bin/bash
trap '' TERM
env -i setsid bash -c 'trap "" TERM; echo $$ >> PIDS; while :; do sleep 0.1; done' &
echo $$ >> PIDS
while :; do sleep 0.1; done
"""


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1][1] != "Z"
    except OSError:
        return False


class IsolationTest(IntegrationTest):
    def start_hostile(self, more="", top=""):
        self.pids = self.on.folder / "pids"
        program = self.on.folder / "hostile"
        program.write_text(HOSTILE.replace("PIDS", str(self.pids)))
        program.chmod(0o755)
        self.worker = self.on.start(more=top, job_types=(
            f'[[job_type]]\nname = "hostile"\nargv = ["{program}"]\ngrace = 1\n{more}'))
        self.on.create("hostile", {"StartAt": "H", "States": {"H": {
            "Type": "Task", "Resource": "arn:towline:states:::job:run",
            "Parameters": {"JobType": "hostile", "Payload": {}}, "TimeoutSeconds": 120,
            "End": True}}})
        execution = self.on.begin("hostile", "e1", {})
        eventually("both processes have begun", lambda: len(self.noted()) == 2)
        return execution

    def noted(self):
        return [int(p) for p in self.pids.read_text().split()] if self.pids.exists() else []

    def await_idle(self):
        def probe():
            worker = self.on.cli("worker", "describe", "ams-1", "--json").json
            return not worker.get("used") and not worker.get("holding")
        eventually("the worker holds nothing", probe)

    def cancel(self, top):
        execution = self.start_hostile(top=top)
        began = time.monotonic()
        self.on.cli("stop", execution)
        eventually("nothing of the job lives", lambda: not any(map(lives, self.noted())))
        print(f"dead {time.monotonic() - began:.2f} s after the stop, of which 1 s is grace",
              flush=True)
        self.await_idle()
        self.assertTrue(self.worker.running())

    def test_a_cancel_below_a_supervisor_leaves_nothing(self):
        self.cancel('cgroup = "never"')
        described = self.on.cli("worker", "describe", "ams-1").stdout
        self.assertIn("isolation=supervisors+rlimits", described)

    def test_a_cancel_in_a_cgroup_leaves_nothing_where_the_host_has_them(self):
        self.cancel('cgroup = "auto"')
        self.assertRegex(self.worker.stderr(), "isolation=.?(cgroups|supervisors)")

    def test_the_wall_clock_ends_it_with_an_error_that_can_be_caught(self):
        execution = self.start_hostile(more="[job_type.limits]\nwall_clock_seconds = 1\n")
        ended = self.on.await_end(execution)
        self.assertEqual(ended["error"], "Towline.WallClockLimit", json.dumps(ended))
        self.assertIn("left: 0", ended["cause"])
        self.assertFalse(any(map(lives, self.noted())))


if __name__ == "__main__":
    unittest.main(verbosity=2)
