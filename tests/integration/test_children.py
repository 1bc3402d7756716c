"""kill -9 of the server while executions start executions: no child is lost, none runs twice."""

import json
import unittest

from gated import GatedTest, machine
from harness import eventually

ITEMS = 40


class ChildrenTest(GatedTest):
    def map_of_jobs(self):
        return {"StartAt": "Sites", "States": {"Sites": {
            "Type": "Map", "Label": "sites", "MaxConcurrency": 20, "End": True,
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
                           "ReaderConfig": {"InputType": "JSONL"},
                           "Parameters": {"Bucket": "plants", "Key": "all.jsonl"}},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                **machine()}}}}

    def write_items(self):
        folder = self.on.data / "objects" / "plants"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "all.jsonl", "w", encoding="utf-8") as out:
            for i in range(ITEMS):
                row = {"a": i, "b": 1000, "key": f"k{i}", "seconds": 0.2}
                out.write(json.dumps(row) + "\n")

    def map_run(self, execution):
        return self.on.cli("map-run", "list", execution, "--json").json["mapRuns"][0]

    def test_server_killed_in_the_middle_of_a_distributed_map(self):
        self.start_all(slots=4)
        self.write_items()
        self.on.create("map", self.map_of_jobs())
        execution = self.on.begin("map", "m1", {})
        for share in (5, 20):
            eventually("some children have ended",
                       lambda n=share: self.map_run(execution)["itemCounts"]["succeeded"] >= n)
            self.on.server.kill()
            self.on.start_server()
        self.assert_once(execution, [{"sum": i + 1000} for i in range(ITEMS)])
        run = self.map_run(execution)
        self.assertEqual(run["status"], "SUCCEEDED")
        for counts in (run["itemCounts"], run["executionCounts"]):
            self.assertEqual((counts["succeeded"], counts["total"]), (ITEMS, ITEMS))
        children = self.on.cli("list", "--map-run", run["mapRunArn"], "--limit", "1000",
                               "--json").json["executions"]
        self.assertEqual([c["mapRunIndex"] for c in children], list(reversed(range(ITEMS))))
        begun = [(key, attempt) for key, attempt, _ in self.notes("begun")]
        self.assertEqual(len(begun), len(set(begun)), "an attempt ran twice")

    def test_server_killed_while_a_nested_execution_runs(self):
        self.start_all()
        self.on.create("outer", {"StartAt": "Sum", "States": {"Sum": {
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": "sum", "Name": "inner", "Input.$": "$"},
            "OutputPath": "$.Output", "End": True}}})
        execution = self.on.begin("outer", "o1", {"a": 15, "b": 42, "key": "inner"})
        eventually("the inner job has begun", lambda: self.notes("begun"))
        self.on.server.kill()
        self.on.start_server()
        self.open_gate()
        self.assert_once(execution, {"sum": 57})
        self.assert_once("sum/inner", {"sum": 57})
        self.assertEqual(len(self.notes("begun")), 1)

    def test_a_stopped_parent_stops_its_children_although_the_server_is_killed(self):
        self.start_all(slots=4)
        self.write_items()
        self.on.create("map", self.map_of_jobs())
        execution = self.on.begin("map", "m1", {})
        eventually("children run", lambda: self.notes("begun"))
        self.on.cli("stop", execution)
        self.on.server.kill()
        self.on.start_server()
        run = eventually("they are stopped", lambda: next(
            (run for run in [self.map_run(execution)] if not run["stopping"]), None))
        self.assertEqual(run["status"], "ABORTED")
        self.assertEqual(run["executionCounts"]["running"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
