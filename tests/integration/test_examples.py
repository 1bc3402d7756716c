"""The stories in examples/: what their pages promise."""

import json
import os
import re
import subprocess
import unittest

from harness import BIN, SOURCE, IntegrationTest

EXAMPLE = SOURCE / "examples" / "on-prem-sum"


class OnPremSumTest(IntegrationTest):
    def start_example(self):
        self.on.start_broker()
        self.on.start_server()
        self.on.start_worker("amsterdam-1", configuration=self.worker_file(),
                             env={"EXAMPLE_SECONDS": "0.5"})
        self.on.await_worker("amsterdam-1")

    def worker_file(self):
        """The example's own file, but for what belongs to this test: broker and directory."""
        text = (EXAMPLE / "worker.toml").read_text()
        text = re.sub(r"^port = \d+$", f"port = {self.on.broker_port}", text, flags=re.M)
        text = text.replace("./towline-worker-data", f"{self.on.folder}/worker")
        text = text.replace('"./', f'"{EXAMPLE}/')
        path = self.on.folder / "worker.toml"
        path.write_text(text)
        return path

    def run_example(self, *arguments):
        return subprocess.run(
            [str(EXAMPLE / "run"), *arguments], capture_output=True, text=True, timeout=60,
            cwd=self.on.folder, stdin=subprocess.DEVNULL,
            env={**os.environ, "TOWLINE_SERVER": self.on.address,
                 "PATH": f"{BIN}:{os.environ['PATH']}"})

    def test_the_run_script(self):
        self.start_example()
        done = self.run_example()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('{"sum": 57}', done.stdout)
        self.assertIn('{"a": 15, "b": 42, "lambdaOutput": {"result": 57}}', done.stdout)

    def test_ours(self):
        self.start_example()
        self.on.create("on-prem-sum", (EXAMPLE / "workflow.asl.json").read_text())
        self.assert_once(self.on.begin("on-prem-sum", "e1", {"a": 15, "b": 42}), {"sum": 57})

        implausible = self.on.await_end(self.on.begin("on-prem-sum", "e2", {"a": 1, "b": -42}))
        self.assertEqual(implausible["status"], "FAILED")
        self.assertEqual(implausible["error"], "Example.NotPlausible")
        self.assertIn("-41", implausible["cause"])

        failed = self.on.await_end(self.on.begin("on-prem-sum", "e3", {"a": "x", "b": 1}))
        self.assertEqual(failed["status"], "FAILED")
        self.assertIn("a and b must be numbers", failed["cause"])

    # Amazon's definition, unchanged but for the function's name.
    def test_the_sample_of_aws(self):
        self.start_example()
        self.on.create("aws-sample", (EXAMPLE / "aws-sample.asl.json").read_text())
        self.assert_once(self.on.begin("aws-sample", "e1", {"a": 15, "b": 42}),
                         {"a": 15, "b": 42, "lambdaOutput": {"result": 57}})
        # The sample itself reports this as a success with a null result.
        failed = self.on.await_end(self.on.begin("aws-sample", "e2", {"a": 15}))
        self.assertEqual(failed["status"], "FAILED")
        self.assertIn("KeyError", failed["cause"])

    def test_the_sample_is_unchanged(self):
        sample = json.loads((EXAMPLE / "aws-sample.asl.json").read_text())
        self.assertEqual(list(sample), ["Comment", "StartAt", "States"])
        task = sample["States"]["Dispatch Job to On-Premises"]
        self.assertEqual(task["Resource"], "arn:aws:states:::lambda:invoke.waitForTaskToken")
        self.assertEqual(task["Parameters"]["Payload"],
                         {"Input.$": "$", "TaskToken.$": "$$.Task.Token"})
        self.assertEqual(task["ResultPath"], "$.lambdaOutput")
        self.assertEqual(task["Retry"][0]["MaxAttempts"], 6)
        self.assertTrue(task["End"])

    # What a new user sees first. Interrupted or not, it leaves nothing behind.
    def test_the_demo(self):
        environment = {**os.environ, "TOWLINE_BIN": str(BIN), "TMPDIR": str(self.on.folder)}
        done = subprocess.run([str(SOURCE / "scripts" / "demo")], capture_output=True, text=True,
                              timeout=100, stdin=subprocess.DEVNULL, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = done.stdout
        places = [said.find(text) for text in (
            "has ever announced job type", "job offered", "job accepted", "job progress",
            "ExecutionSucceeded", '\n{"sum": 57}\n', "(times are UTC", "Five commands")]
        self.assertNotIn(-1, places, said)
        self.assertEqual(places, sorted(places), said)
        self.assertEqual(list(self.on.folder.iterdir()), [], "the scratch directory must go")


class AskAllSitesTest(IntegrationTest):
    EXAMPLE = SOURCE / "examples" / "ask-all-sites"

    def test_the_run_script(self):
        self.on.start_broker()
        self.on.start_server()
        sites = [line.split(",")[0] for line in
                 (self.EXAMPLE / "plants.csv").read_text().splitlines()[1:]]
        for site in sites:
            self.on.start_worker(site, configuration=self.worker_file(site))
        for site in sites:
            self.on.await_worker(site)
        done = subprocess.run(
            [str(self.EXAMPLE / "run")], capture_output=True, text=True, timeout=100,
            cwd=self.on.folder, stdin=subprocess.DEVNULL,
            env={**os.environ, "TOWLINE_SERVER": self.on.address,
                 "OBJECTS": str(self.on.data / "objects"), "BROKER_PORT": str(self.on.broker_port),
                 "PATH": f"{BIN}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        question, *orders = done.stdout.splitlines()
        stock = {site: sum(site.encode()) % 100 for site in sites if site != "essen"}
        self.assertEqual(question, f"Order for {sum(stock.values())} tons?")
        self.assertEqual([json.loads(order) for order in orders],
                         [{"site": site, "order": 100 - tons} for site, tons in stock.items()])

    def worker_file(self, site):
        text = (self.EXAMPLE / "worker.toml").read_text().replace("SITE", site)
        text = re.sub(r"^port = \d+$", f"port = {self.on.broker_port}", text, flags=re.M)
        text = text.replace("./towline-worker-data", f"{self.on.folder}/worker")
        path = self.on.folder / f"{site}.toml"
        path.write_text(text.replace('"./', f'"{self.EXAMPLE}/'))
        return path


if __name__ == "__main__":
    unittest.main(verbosity=2)
