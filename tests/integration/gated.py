"""A machine whose one task is a job that a test holds at a gate (jobs/gated_sum.py)."""

from pathlib import Path

from harness import IntegrationTest, eventually

JOB = Path(__file__).resolve().parent / "jobs" / "gated_sum.py"


def machine(job_type="gated-sum", **fields):
    """One job, its output the execution's. `fields` are added to the Task or replace its own."""
    return {"StartAt": "Add", "States": {"Add": {
        "Type": "Task", "Resource": "arn:towline:states:::job:run",
        "Parameters": {"JobType": job_type, "Payload.$": "$", "OnWorkerLost": "requeue"},
        "TimeoutSeconds": 240, "HeartbeatSeconds": 10, "End": True, **fields}}}


class GatedTest(IntegrationTest):
    def job_types(self):
        return (f'[[job_type]]\nname = "gated-sum"\nargv = ["{JOB}", "{self.on.folder}"]\n'
                'restart = "rerun"\n')

    def start_all(self, task_fields=None, **worker_options):
        worker = self.on.start(job_types=self.job_types(), **worker_options)
        self.on.create("sum", machine(**(task_fields or {})))
        return worker

    def notes(self, file):
        """What jobs have noted: [(key, attempt, pid)]."""
        path = self.on.folder / file
        lines = path.read_text().splitlines() if path.exists() else []
        return [(key, int(attempt), int(pid)) for key, attempt, pid in map(str.split, lines)]

    def open_gate(self):
        (self.on.folder / "gate").touch()

    def begin_job(self, name="e1"):
        """An execution whose job is known to have begun."""
        execution = self.on.begin("sum", name, {"a": 15, "b": 42, "key": name})
        eventually("the job has begun",
                   lambda: any(key == name for key, _, _ in self.notes("begun")))
        return execution
