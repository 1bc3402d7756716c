"""kill -9 in the middle of a job: it ends once, with the right result."""

import json
import os
import random
import unittest

from gated import GatedTest, machine
from harness import eventually


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class KillTest(GatedTest):
    # The worker never notices more than a silence: it keeps the job and reports it when the server
    # is back.
    def test_server_killed_and_the_job_ends_meanwhile(self):
        self.start_all()
        execution = self.begin_job()
        self.on.server.kill()
        self.open_gate()
        eventually("the job ends without a server", lambda: self.notes("ended"))
        self.on.start_server()
        self.assert_once(execution, {"sum": 57})
        self.assertEqual(len(self.notes("begun")), 1, "the job must not begin again")

    # The roll call finds the job with its holder; nothing is offered again.
    def test_server_killed_and_back_before_the_job_ends(self):
        self.start_all()
        execution = self.begin_job()
        self.on.server.kill()
        self.on.start_server()
        self.on.await_worker("ams-1")
        self.open_gate()
        self.assert_once(execution, {"sum": 57})
        self.assertEqual(len(self.notes("begun")), 1, "the job must not begin again")

    # The broker keeps nothing: what it had is repaired by the roll call.
    def test_broker_killed_and_the_job_ends_meanwhile(self):
        self.start_all()
        execution = self.begin_job()
        self.on.broker.kill()
        self.open_gate()
        eventually("the job ends without a broker", lambda: self.notes("ended"))
        self.on.start_broker()
        self.assert_once(execution, {"sum": 57})
        self.assertEqual(len(self.notes("begun")), 1, "the job must not begin again")

    # The new agent kills what the old one left, and runs it again as the next attempt.
    def test_worker_killed_and_restarted(self):
        worker = self.start_all()
        execution = self.begin_job()
        worker.kill()
        self.on.start_worker(job_types=self.job_types())
        eventually("the job begins again", lambda: len(self.notes("begun")) == 2)
        (_, first, first_pid), (_, second, _) = self.notes("begun")
        self.assertGreater(second, first, "a new incarnation takes the next attempt")
        self.assertFalse(alive(first_pid), "the old agent's job must be dead by then")
        self.open_gate()
        self.assert_once(execution, {"sum": 57})
        self.assertEqual(len(self.notes("ended")), 1)

    # The whole site is gone: its will says so, and another worker takes the job.
    def test_worker_killed_for_good(self):
        worker = self.start_all()
        execution = self.begin_job()
        (_, first, first_pid), = self.notes("begun")
        worker.kill()
        os.kill(first_pid, 9)
        self.on.start_worker("ams-2", job_types=self.job_types())
        eventually("another worker begins it", lambda: len(self.notes("begun")) == 2)
        self.assertGreater(self.notes("begun")[1][1], first)
        self.open_gate()
        self.assert_once(execution, {"sum": 57})

    # All three at once, as in a power cut.
    def test_everything_killed(self):
        worker = self.start_all()
        execution = self.begin_job()
        for program in (self.on.server, self.on.broker, worker):
            program.kill()
        self.on.start_broker()
        self.on.start_server()
        self.on.start_worker(job_types=self.job_types())
        self.open_gate()
        self.assert_once(execution, {"sum": 57})


class RandomKillTest(GatedTest):
    """Many short jobs while something dies every moment, from a printed seed."""

    def test_kill_at_random_moments(self):
        seed = int(os.environ.get("TOWLINE_SEED", random.randrange(1 << 30)))
        print(f"TOWLINE_SEED={seed}", flush=True)
        dice = random.Random(seed)
        worker = self.start_all(slots=8)
        self.on.create("steps", self.three_steps())
        wanted = {}
        for i in range(24):
            name = f"e{i}"
            value = {"a": i, "b": 1000, "key": name, "seconds": dice.uniform(0.05, 1.5)}
            eventually("the server takes it", lambda n=name, v=value: self.started(n, v))
            wanted[f"steps/{name}"] = {"sum": i + 1000}
            if i % 3 == 2:
                worker = self.kill_one(dice, worker)
        for execution, output in wanted.items():
            self.assert_once(execution, output)
        begun = [(key, attempt) for key, attempt, _ in self.notes("begun")]
        self.assertEqual(len(begun), len(set(begun)), "an attempt ran twice")

    @staticmethod
    def three_steps():
        """The same job three times, so that a death hits every place in a workflow."""
        states = {}
        for number, following in ((1, "Two"), (2, "Three"), (3, None)):
            state = machine()["States"]["Add"]
            del state["End"]
            state["Parameters"]["Payload"] = {
                "a.$": "$.a", "b.$": "$.b", "seconds.$": "$.seconds",
                "key.$": f"States.Format('{{}}-{number}', $.key)"}
            del state["Parameters"]["Payload.$"]
            state.update({"Next": following, "ResultPath": None} if following else {"End": True})
            states[("One", "Two", "Three")[number - 1]] = state
        return {"StartAt": "One", "States": states}

    def started(self, name, value):
        """A start whose answer was lost is repeated: same name, same input, same execution."""
        return self.on.cli("start", "steps", "--name", name, "--input", json.dumps(value),
                           check=False).code == 0 or \
            self.on.cli("describe", f"steps/{name}", "--json", check=False).code == 0

    def kill_one(self, dice, worker):
        victim = dice.choice(("server", "broker", "worker"))
        if victim == "server":
            self.on.server.kill()
            self.on.start_server()
        elif victim == "broker":
            self.on.broker.kill()
            self.on.start_broker()
        else:
            worker.kill()
            return self.on.start_worker(job_types=self.job_types(), slots=8)
        return worker


if __name__ == "__main__":
    unittest.main(verbosity=2)
