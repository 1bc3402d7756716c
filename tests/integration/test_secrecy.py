"""What must not be shown is shown by nothing: no command, and no log at its most talkative."""

import json
import unittest

from harness import IntegrationTest, eventually

MACHINE = {
    "Sensitive": ["$.password"],
    "StartAt": "Tell",
    "States": {
        "Tell": {"Type": "Task", "Resource": "arn:towline:states:::job:run.waitForTaskToken",
                 "TimeoutSeconds": 60, "ResultPath": "$.told",
                 "Parameters": {"JobType": "tell", "Payload": {
                     "token.$": "$$.Task.Token", "key.$": "$.password", "all.$": "$"}},
                 "Next": "Fail"},
        "Fail": {"Type": "Task", "Resource": "arn:towline:states:::job:run",
                 "TimeoutSeconds": 60,
                 "Parameters": {"JobType": "fail", "Payload.$": "$"},
                 "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}], "Next": "Done"},
        "Done": {"Type": "Pass", "End": True}}}

# Both say all that they know, in every way that a job has.
TYPES = """
[[job_type]]
name = "tell"
shell = true
argv = ['''tee got; t=$(sed 's/.*"token":"\\([^"]*\\)".*/\\1/' got)
m="\\"message\\":\\"$t $TOWLINE_TOKEN hunter22\\""
echo "{\\"percent\\":1,$m,\\"checkpoint\\":\\"$t\\"}" >&3''']
[[job_type]]
name = "fail"
shell = true
argv = ['''echo "$TOWLINE_TOKEN" > own; echo "$TOWLINE_TOKEN"; cat
echo "$TOWLINE_TOKEN hunter22" >&2; cat >&2; exit 1''']
"""


class SecrecyTest(IntegrationTest):
    def test_neither_tokens_nor_sensitive_values_are_told(self):
        on = self.on
        on.start("--log-level", "debug", job_types=TYPES, more='log_level = "debug"')
        on.create("m", MACHINE)
        execution = on.begin("m", "one", {"password": "hunter22", "open": 1})
        told = [on.cli("why", execution).stdout]
        eventually("the job has told", lambda: (on.folder / "got").exists()
                   and "TaskSubmitted" in on.cli("history", execution).stdout)
        token = json.loads((on.folder / "got").read_text())["token"]
        told.append(on.cli("why", execution).stdout)
        on.cli("task", "succeed", "--token", token, "--output", '{"key": "hunter22"}')
        ended = on.await_end(execution)
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        own = (on.folder / "own").read_text().strip()
        self.assertNotEqual(own, token)
        for command in (["history", execution], ["history", execution, "--full"],
                        ["--json", "history", execution, "--full"], ["describe", execution],
                        ["--json", "describe", execution], ["--json", "watch", execution],
                        ["why", execution], ["audit"], ["--json", "audit"]):
            told.append(on.cli(*command).stdout)
        self.assertIn("***", "".join(told))
        self.assertIn("token:", "".join(told))
        for program in on.programs:
            told += [program.stdout_path.read_text(), program.stderr_path.read_text()]
        told += [path.read_text() for path in on.folder.rglob("audit*.jsonl")]
        for text in told:
            for secret in (token, own, "hunter22"):
                self.assertNotIn(secret, text)


if __name__ == "__main__":
    unittest.main()
