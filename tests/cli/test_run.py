"""`towline run`: whole executions in its own process, in virtual time, with mocks. No server."""

import json
import re
import time
import unittest
from pathlib import Path

from local_case import LocalCase

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "thirty-days"
JOB = "arn:towline:states:::job:run"
TOKEN = JOB + ".waitForTaskToken"
NESTED = "arn:aws:states:::states:startExecution.sync:2"


def task(resource=JOB, **more):
    parameters = {"JobType": "work", "Payload.$": "$"} if resource == JOB else {
        "JobType": "work", "Payload": {"token.$": "$$.Task.Token"}}
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}


def file_map(**more):
    return {"Type": "Map", "End": True, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **machine(Each={"Type": "Pass", "End": True})}, "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {
                "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "in", "Key": "rows.csv"}}, **more}


ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 100_000, "MaxAttempts": 5}]
CAUGHT = {"Type": "Pass", "End": True}
EMPTY = "arn:towline:states:local:default:activity:people"

# What the rule is: definition, mock file, output of an execution with the input {}.
CASES = {
    "a result is the task's": (machine(A=task()), {"states": {"A": {"result": 7}}}, 7),
    "attempts are answered in order": (
        machine(A=task(Retry=RETRY)),
        {"states": {"A": [{"error": "Busy"}, {"error": "Busy"}, {"result": 3}]}}, 3),
    "the last answer holds for all that follow": (
        machine(N={"Type": "Pass", "Result": {"n": [1, 2, 3]}, "Next": "M"},
                M={"Type": "Map", "ItemsPath": "$.n", "MaxConcurrency": 1, "End": True,
                   "ItemProcessor": machine(A=task())}),
        {"states": {"A": [{"result": "first"}, {"result": "other"}]}},
        ["first", "other", "other"]),
    "an error and its cause are caught": (
        machine(A=task(Catch=ALL), Caught=CAUGHT),
        {"states": {"A": {"error": "E", "cause": "c"}}}, {"Error": "E", "Cause": "c"}),
    "a timeout waits for TimeoutSeconds": (
        machine(A=task(TimeoutSeconds=9, Catch=[{
            "ErrorEquals": ["States.Timeout"], "Next": "Caught"}]),
            Caught={"Type": "Pass", "Result": "too late", "End": True}),
        {"states": {"A": {"timeout": True}}}, "too late"),
    "whoever falls silent misses a heartbeat": (
        machine(A=task(TOKEN, HeartbeatSeconds=9, Catch=[{
            "ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Caught"}]),
            Caught={"Type": "Pass", "Result": "silent", "End": True}),
        {"states": {"A": {"heartbeatLost": True}}}, "silent"),
    "whoever answers late has sent heartbeats": (
        machine(A=task(TOKEN, HeartbeatSeconds=9)),
        {"states": {"A": {"result": 1, "afterSeconds": 900}}}, 1),
    "an activity is answered by its state": (
        machine(A={"Type": "Task", "Resource": EMPTY, "End": True}),
        {"states": {"A": {"result": "done"}}}, "done"),
    "a message that is only published needs no mock": (
        machine(A={"Type": "Task", "Resource": "arn:towline:states:::mqtt:publish", "Parameters": {
            "Topic": "t", "Payload": 1}, "End": True}), {}, {}),
    "the default is for tasks that nothing else is said of": (
        machine(A={**task(), "End": False, "Next": "B"}, B=task()),
        {"states": {"A": {"result": 1}}, "default": {"result": 2}}, 2),
    "the choice of a machine goes before that of all": (
        machine(A=task()), {"states": {"A": {"result": 1}},
                            "machines": {"main": {"A": {"result": 2}}}}, 2),
}


class RunTest(LocalCase):
    def run_here(self, definition, mocks, *arguments, code=0):
        return self.towline("run", self.write("main.asl.json", definition), "--mocks",
                            self.write("mocks.json", mocks), *arguments, code=code)

    def test_mocks_answer_tasks(self):
        for name, (definition, mocks, output) in CASES.items():
            with self.subTest(name):
                self.assertEqual(json.loads(self.run_here(definition, mocks).stdout), output)

    def test_the_example_takes_a_month_and_a_moment(self):
        began = time.monotonic()
        done = self.towline(
            "run", EXAMPLE / "reminder.asl.json", "--machine",
            f"collection={EXAMPLE / 'collection.asl.json'}", "--mocks", EXAMPLE / "mocks.json",
            "--input", '{"accounts": ["a", "b"]}', "--history", "--json")
        answer = json.loads(done.stdout)
        self.assertEqual(json.loads(answer["output"]), {"opened": "case-7"})
        types = [event["type"] for event in answer["events"]]
        for wanted in ("WaitStateExited", "MapRunSucceeded", "TaskSubmitted", "TaskFailed"):
            self.assertIn(wanted, types)
        days = (answer["events"][-1]["timestamp"][:10], answer["events"][0]["timestamp"][:10])
        self.assertNotEqual(*days)
        self.assertLess(time.monotonic() - began, 30)  # not a month

    def test_the_history_is_a_table(self):
        definition, mocks, _ = CASES["a result is the task's"]
        lines = self.run_here(definition, mocks, "--history").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["ID", "TIME", "EVENT", "WHAT", "DETAIL"])
        self.assertEqual(lines[-1], "7")

    def test_the_history_says_when_another_day_begins(self):
        wait = {"Type": "Wait", "Seconds": 86_400, "End": True}
        lines = self.run_here(machine(W=wait), {}, "--history").stdout.splitlines()
        clock = r" +\d\d:\d\d:\d\d\.\d{3}"
        date = r" +\d{4}-\d\d-\d\d"
        for pattern in (rf"2{clock} +WaitStateEntered", rf"3{date}{clock} +WaitStateExited",
                        rf"4{clock} +ExecutionSucceeded"):
            self.assertTrue(any(re.match(pattern, line.strip()) for line in lines), pattern)

    def test_files_are_below_the_directory_of_objects(self):
        self.write("objects/in/rows.csv", "a,b\n1,2\n3,4\n")
        done = self.run_here(machine(M=file_map()), {}, "--objects", "objects")
        self.assertEqual(json.loads(done.stdout), [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}])
        done = self.run_here(machine(M=file_map()), {}, code=1)
        self.assertIn("States.ItemReaderFailed", done.stderr)

    def test_a_nested_execution_of_an_unknown_machine_fails(self):
        definition = machine(A={"Type": "Task", "Resource": NESTED, "End": True, "Parameters": {
            "StateMachineArn": "other", "Input": {}}})
        done = self.run_here(definition, {}, code=1)
        self.assertIn("StepFunctions.StateMachineDoesNotExistException", done.stderr)
        other = self.write("other.json", machine(P={"Type": "Pass", "Result": 5, "End": True}))
        done = self.run_here(definition, {}, "--machine", f"other={other}")
        self.assertEqual(json.loads(done.stdout)["Output"], 5)

    def test_a_task_without_a_mock_says_what_to_write(self):
        done = self.run_here(machine(A=task()), {}, code=2)
        self.assertEqual(done.stderr, "towline: state 'A' of machine 'main' has a job of type "
                         "'work', and no mock says what comes of it; write {\"states\": {\"A\": "
                         "{\"result\": …}}} into the mock file\n")

    def test_a_task_that_nobody_answers_ends_the_run(self):
        done = self.run_here(machine(A=task()), {"states": {"A": {"timeout": True}}}, code=1)
        self.assertIn("nothing moves any more: nobody answers the task of 'A'", done.stderr)

    def test_a_wrong_mock_file_says_where(self):
        for mocks, where in (
                ({"state": {}}, "/state: "), ({"states": {"A": 1}}, "/states/A: "),
                ({"states": {"A": []}}, "/states/A: "),
                ({"states": {"A": [{"result": 1}, {}]}}, "/states/A/1: "),
                ({"states": {"A": {"result": 1, "error": "E"}}}, "/states/A: "),
                ({"states": {"A": {"result": 1, "after": 1}}}, "no 'after'"),
                ({"states": {"A": {"timeout": False}}}, "/states/A/timeout: "),
                ({"default": {"result": 1, "afterSeconds": -1}}, "/default/afterSeconds: "),
                ({"machines": {"m": {"A": {}}}}, "/machines/m/A: "), ("{", "at line 1"), ("1", "")):
            with self.subTest(str(mocks)):
                self.assertIn(where, self.run_here(machine(A=task()), mocks, code=2).stderr)

    def test_the_command_line_is_checked(self):
        path = self.write("main.json", machine(P={"Type": "Pass", "End": True}))
        for words in (["--machine", "x"], ["--limits", "huge"], ["--input", "{"],
                      ["--mocks", "nowhere.json"]):
            self.towline("run", path, *words, code=2)
        self.towline("run", self.write("bad.json", '{"StartAt": "A"}'), code=1)

    def test_the_limits_of_aws(self):
        big = {"result": "x" * 300_000}
        definition = machine(A=task(TOKEN))
        mocks = {"states": {"A": big}}
        self.run_here(definition, mocks)
        done = self.run_here(definition, mocks, "--limits", "aws", code=1)
        self.assertIn("States.DataLimitExceeded", done.stderr)
        self.assertIn("returned a result with a size exceeding the maximum number of bytes "
                      "service limit", done.stderr)
        endless = machine(A={"Type": "Pass", "Next": "B"}, C=CAUGHT, B={
            "Type": "Choice", "Default": "A",
            "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "C"}]})
        done = self.run_here(endless, {}, "--limits", "aws", "--history", "--json", code=1)
        answer = json.loads(done.stdout)
        self.assertEqual(len(answer["events"]), 25_000)
        self.assertEqual(answer["events"][-1]["type"], "ExecutionFailed")
        self.assertEqual(answer["cause"],
                         "The execution reached the maximum number of history events (25000).")


if __name__ == "__main__":
    unittest.main()
