"""Drain and upgrade: a draining worker ends what it has and gets nothing new, also when offers are
under way; whoever starts on its state directory takes over what it left."""

import json
import shutil
import signal
import time
import unittest

from gated import GatedTest
from harness import BIN, eventually

ADD = {"StartAt": "Add", "States": {"Add": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run",
    "Parameters": {"JobType": "add-numbers", "Payload.$": "$"}, "End": True}}}
ADD_NUMBERS = '[[job_type]]\nname = "add-numbers"\nhandler = "add-numbers"\n'


class DrainTest(GatedTest):
    def workers(self):
        return {w["name"]: w for w in self.on.cli("workers", "--json").json["workers"]}

    def test_jobs_offered_in_the_race_go_elsewhere_at_once(self):
        self.on.start(job_types=ADD_NUMBERS, name="one")
        self.on.start_worker("two", job_types=ADD_NUMBERS)
        self.on.await_worker("two")
        self.on.create("add", ADD)
        began = time.monotonic()
        executions = []
        for i in range(24):
            if i % 6 == 3:
                self.on.cli("worker", "drain" if i % 12 == 3 else "undrain", "one")
            executions.append(self.on.begin("add", f"e{i}", {"a": i, "b": 1}))
        for i, execution in enumerate(executions):
            self.assert_once(execution, {"sum": i + 1})
        self.assertLess(time.monotonic() - began, 30)
        self.on.cli("worker", "drain", "one")
        eventually("it shows that it drains",
                   lambda: self.workers()["one"]["state"] == "DRAINING")
        self.assert_once(self.on.begin("add", "last", {"a": 1, "b": 1}), {"sum": 2})

    def test_a_drained_worker_ends_what_it_has(self):
        self.start_all()
        execution = self.begin_job()
        self.on.cli("worker", "drain", "ams-1")
        waiting = self.on.begin("sum", "e2", {"a": 1, "b": 2, "key": "e2"})
        eventually("why says that it drains",
                   lambda: "draining" in self.on.cli("why", waiting).stdout)
        self.open_gate()
        self.assert_once(execution, {"sum": 57})
        self.assertEqual([key for key, _, _ in self.notes("begun")], ["e1"])
        self.on.cli("worker", "undrain", "ams-1")
        self.assert_once(waiting, {"sum": 3})

    def test_sigterm_drains_and_the_successor_goes_on(self):
        worker = self.start_all(more="stop_seconds = 60")
        execution = self.begin_job()
        worker.process.send_signal(signal.SIGTERM)
        waiting = self.on.begin("sum", "e2", {"a": 1, "b": 2, "key": "e2"})
        self.on.await_worker("ams-1", state="DRAINING")
        self.open_gate()
        self.assertEqual(worker.process.wait(timeout=20), 0)
        self.assert_once(execution, {"sum": 57})
        self.assertEqual(self.on.describe(waiting)["status"], "RUNNING")
        self.on.start_worker(job_types=self.job_types())
        self.assert_once(waiting, {"sum": 3})
        self.assertEqual(sorted(key for key, _, _ in self.notes("begun")), ["e1", "e2"])

    def test_an_upgrade_takes_over_the_journal(self):
        """Another program file, started on the state of one that was killed with a result that
        nobody had got, and with a job that was running."""
        worker = self.start_all(slots=2)
        execution = self.begin_job("e1")
        other = self.on.begin("sum", "e2", {"a": 1, "b": 2, "key": "e2", "seconds": 1})
        eventually("the second has begun", lambda: len(self.notes("begun")) == 2)
        self.on.broker.kill()
        eventually("the second has ended in the dark", lambda: self.notes("ended"))
        time.sleep(0.5)
        worker.kill()
        newer = self.on.folder / "towline-worker-next"
        shutil.copy(BIN / "towline-worker", newer)
        self.on.launch("worker-next", [newer, "--config", self.on.folder / "ams-1.toml"],
                       env={"TMPDIR": str(self.on.folder)})
        self.on.start_broker()
        self.assert_once(other, {"sum": 3})
        self.open_gate()
        self.assert_once(execution, {"sum": 57})
        begun = [(key, attempt) for key, attempt, _ in self.notes("begun")]
        self.assertEqual(sorted(begun), [("e1", 1), ("e1", 2), ("e2", 1)],
                         "the result was kept, the job that was cut off ran again")
        self.assertEqual(json.loads(self.on.describe(other)["output"]), {"sum": 3})


if __name__ == "__main__":
    unittest.main(verbosity=2)
