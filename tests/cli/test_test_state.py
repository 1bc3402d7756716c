"""`towline test-state`: what it prints for people and for programs, and how it ends. No server."""

import json
import re
import unittest

from local_case import LocalCase


class TestStateTest(LocalCase):
    ASK = {"Type": "Task", "Resource": "arn:towline:states:::job:run", "InputPath": "$.site",
           "Parameters": {"JobType": "sum", "Payload.$": "$.n"}, "ResultPath": "$.r",
           "Retry": [{"ErrorEquals": ["Site.Busy"], "IntervalSeconds": 4, "MaxAttempts": 1}],
           "Catch": [{"ErrorEquals": ["Site.Fire"], "Next": "Alarm"}], "Next": "Then"}
    def ask(self, *arguments, code=0):
        path = self.write("ask.json", self.ASK)
        return self.towline("test-state", path, "--input", '{"site": {"n": 1}}', *arguments,
                            code=code)

    def test_the_stages_stand_side_by_side(self):
        lines = self.ask("--result", "3").stdout.splitlines()
        self.assertEqual(lines[:2], ["status    SUCCEEDED", "next      Then"])
        self.assertEqual(re.split(r"  +", lines[3]), [
            "input", "after InputPath", "after Parameters", "result", "after ResultSelector"])
        self.assertEqual(lines[5].split(), ['"site":', "{", '"n":', "1", '"JobType":', '"sum",'])
        self.assertEqual(lines[4][lines[3].index("result"):].split("  ")[0], "3")
        self.assertTrue(lines[4].endswith("(the same)"))

    def test_for_programs_it_is_the_answer_of_aws(self):
        answer = json.loads(self.ask("--result", "3", "--json").stdout)
        self.assertEqual(json.loads(answer["output"]), {"site": {"n": 1}, "r": 3})
        self.assertEqual(answer["nextState"], "Then")
        self.assertEqual(json.loads(answer["inspectionData"]["afterInputPath"]), {"n": 1})
        answer = json.loads(self.ask("--result", "3", "--json", "--inspection-level",
                                     "INFO").stdout)
        self.assertNotIn("inspectionData", answer)

    def test_the_exit_code_says_whether_the_machine_would_go_on(self):
        done = self.ask("--error", "Site.Busy", "--cause", "full", code=1)
        for line in ("status    RETRIABLE", "error     Site.Busy", "cause     full",
                     "retrier   Retry[0], again after 4 s"):
            self.assertIn(line + "\n", done.stdout)
        self.assertIn("status    FAILED\n",
                      self.ask("--error", "Site.Busy", "--retries", "1", code=1).stdout)
        done = self.ask("--error", "Site.Fire", code=0)
        self.assertIn("status    CAUGHT_ERROR\nnext      Alarm\n", done.stdout)
        self.assertIn("catcher   Catch[0]\n", done.stdout)

    def test_a_map_with_the_data_of_its_file_and_its_failures(self):
        path = self.write("map.json", {
            "Type": "Map", "MaxConcurrency": 2, "ToleratedFailureCount": 1, "End": True,
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
                           "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                           "Parameters": {"Bucket": "b", "Key": "k"}},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED",
                                                  "ExecutionType": "STANDARD"},
                              "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}})
        self.write("rows.csv", "id\n1\n2\n")
        with_data = ("test-state", path, "--reader-data", "@rows.csv")
        done = self.towline(*with_data, "--result", "[1]", "--failed-iterations", "1")
        self.assertIn("at once   2 iterations", done.stdout)
        self.assertIn("tolerates 1 failed iterations\n", done.stdout)
        done = self.towline(*with_data, "--result", "[]", "--failed-iterations", "2", code=1)
        self.assertIn("error     States.ExceedToleratedFailureThreshold\n", done.stdout)
        done = self.towline(*with_data, "--error", "E", "--caused-by", "Q", code=2)
        self.assertIn("errorCausedByState names no state inside the tested one: Q", done.stderr)

    def test_the_options_reach_the_state(self):
        path = self.write("v.json", {"Type": "Task", "Resource": "arn:towline:states:::job:run",
                                     "Parameters": {"JobType": "x", "Payload": {
                                         "v.$": "$v", "c.$": "$$.Execution.Name"}}, "End": True})
        done = self.towline("test-state", path, "--variables", '{"v": 5}', "--context",
                            '{"Execution": {"Name": "mine"}}', "--result", "1", "--json")
        data = json.loads(json.loads(done.stdout)["inspectionData"]["afterParameters"])
        self.assertEqual(data["Payload"], {"v": 5, "c": "mine"})
        big = self.write("big.json", {"Type": "Pass", "Result": "x" * (300 << 10), "End": True})
        self.towline("test-state", big)
        done = self.towline("test-state", big, "--limits", "aws", code=1)
        self.assertIn("error     States.DataLimitExceeded\n", done.stdout)
        sns = self.write("sns.json", {"Type": "Task", "Resource": "arn:aws:states:::sns:publish",
                                      "Parameters": {"Message": "m"}, "End": True})
        self.towline("test-state", sns, "--result", '{"MessageId": 1}', code=2)
        self.towline("test-state", sns, "--result", '{"MessageId": 1}', "--field-validation",
                     "none")

    def test_what_is_wrong_is_said_in_a_line(self):
        path = self.write("ask.json", self.ASK)
        done = self.towline("test-state", path, code=2)
        self.assertIn("a Task state needs a mock", done.stderr)
        done = self.towline("test-state", path, "--state", "X", "--result", "1", code=1)
        self.assertIn(f"{path}, state X: ", done.stderr)
        done = self.towline("test-state", path, "--inspection-level", "loud", code=2)
        self.assertIn("takes one of info, debug, trace, not 'loud'", done.stderr)
        done = self.towline("test-state", path, "--retries", "no", code=2)
        self.assertIn("--retries takes a whole number", done.stderr)
        wrong = self.write("wrong.json", {"Type": "Pass"})
        done = self.towline("test-state", wrong, code=1)
        self.assertIn(f"{wrong}: Invalid State Machine Definition", done.stderr)


if __name__ == "__main__":
    unittest.main()
