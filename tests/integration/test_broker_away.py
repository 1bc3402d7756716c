"""The broker away for a while: work goes on, and is reported when it is back.

TOWLINE_BROKER_AWAY=60 makes it a minute; the default keeps ctest short.
"""

import os
import time
import unittest

from gated import GatedTest
from harness import eventually

AWAY = float(os.environ.get("TOWLINE_BROKER_AWAY", "20"))


class BrokerAwayTest(GatedTest):
    def test_work_goes_on_and_is_reported(self):
        # Shorter than the pause that either side may make before it connects again.
        self.start_all(task_fields={"HeartbeatSeconds": 5})
        self.on.create("pause", {"StartAt": "Wait", "States": {
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
            "Done": {"Type": "Succeed"}}})
        execution = self.begin_job()

        self.on.broker.kill()
        away_since = time.monotonic()
        # What needs no broker is not held up by its absence.
        self.assert_once_without_task(self.on.begin("pause", "p1", {}))
        # New work is accepted, and the server says what it waits for.
        waiting = self.on.begin("sum", "e2", {"a": 1, "b": 2, "key": "e2"})
        eventually("why names the broker",
                   lambda: "broker" in self.on.cli("why", waiting).stdout.lower())
        # Longer than the job's heartbeat: a site that cannot be heard is not a dead one.
        self.open_gate()
        eventually("the job ends all the same", lambda: self.notes("ended"))
        time.sleep(max(0.0, AWAY - (time.monotonic() - away_since)))
        self.assertEqual(self.on.describe(execution)["status"], "RUNNING")

        self.on.start_broker()
        self.assert_once(execution, {"sum": 57})
        self.assert_once(waiting, {"sum": 3})
        begun = [key for key, _, _ in self.notes("begun")]
        self.assertEqual(sorted(begun), ["e1", "e2"], "each job begins once")

    def test_what_a_failed_job_has_saved_reaches_the_next_attempt(self):
        gate = self.on.folder / "gate"
        worker = self.on.start(job_types=f"""
[[job_type]]
name = "pages"
argv = ["sh", "-c", '''
if [ -n "$TOWLINE_CHECKPOINT" ]; then echo "$TOWLINE_CHECKPOINT"; exit; fi
touch {gate}.begun
while ! [ -e {gate} ]; do sleep 0.1; done
echo '{{"checkpoint":{{"page":7}}}}' >&3
exit 1
''']
""")
        self.on.create("pages", {"StartAt": "Read", "States": {"Read": {
            "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 120,
            "Parameters": {"JobType": "pages", "Payload": {}}, "End": True,
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]}}})
        execution = self.on.begin("pages", "e1", {})
        eventually("the job has begun", (self.on.folder / "gate.begun").exists)
        self.on.broker.kill()
        self.open_gate()
        eventually("the job has failed", lambda: "job_finished" in worker.stderr())
        self.on.start_broker()
        self.assert_once(execution, {"page": 7})

    def assert_once_without_task(self, execution):
        self.assertEqual(self.on.await_end(execution)["status"], "SUCCEEDED")


if __name__ == "__main__":
    unittest.main(verbosity=2)
