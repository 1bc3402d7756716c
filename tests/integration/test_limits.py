"""`--limits aws`: a server with the service's own bounds, and how it says that one was reached."""

import json
import subprocess
import unittest

from harness import BIN, IntegrationTest

ENDLESS = {"StartAt": "A", "States": {
    "A": {"Type": "Pass", "Next": "B"},
    "B": {"Type": "Choice", "Default": "A",
          "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "C"}]},
    "C": {"Type": "Succeed"}}}
# Doubles a text 19 times: more than the 256 KiB that a state may hand on, less than our own bound.
GROWS = {"StartAt": "A", "States": {
    "A": {"Type": "Pass", "Parameters": {
        "n.$": "States.MathAdd($.n, 1)", "t.$": "States.Format('{}{}', $.t, $.t)"}, "Next": "B"},
    "B": {"Type": "Choice", "Default": "A", "Choices": [
        {"Variable": "$.n", "NumericGreaterThanEquals": 19, "Next": "C"}]},
    "C": {"Type": "Pass", "Result": "grown", "End": True}}}
START = {"n": 0, "t": "x"}


class LimitsTest(IntegrationTest):
    def run_all(self):
        self.on.create("grows", GROWS)
        self.on.begin("grows", "one", START)
        return self.on.await_end("grows/one")

    def test_the_bounds_of_the_service(self):
        self.on.start_broker()
        self.on.start_server("--limits", "aws")
        grown = self.run_all()
        self.assertEqual((grown["status"], grown["error"]), ("FAILED", "States.DataLimitExceeded"))
        self.on.create("endless", ENDLESS)
        self.on.begin("endless", "one", {})
        ended = self.on.await_end("endless/one")
        self.assertEqual(ended["cause"],
                         "The execution reached the maximum number of history events (25000).")
        events = self.on.history("endless/one")
        self.assertEqual((len(events), events[-1]["type"]), (25_000, "ExecutionFailed"))
        # An input beyond 256 KiB is refused before there is an execution.
        refused = self.on.cli("start", "grows", "--name", "two", "--input", "-", check=False,
                              stdin=json.dumps({"t": "x" * 262_144}))
        self.assertEqual(refused.code, 3, refused.stderr)
        self.assert_one_line(refused.stderr, "262144")

    def test_tenants_have_quotas_of_their_own(self):
        self.on.start_broker()
        file = self.on.folder / "server.toml"
        file.write_text("[quotas]\nopen_executions = 100\nrequest_bytes = 1000\n"
                        "[quotas.acme]\nopen_executions = 1\nstarts_per_second = 1\n")
        self.on.start_server("--config", file)
        for tenant in ("acme", "other"):
            self.on.cli("--tenant", tenant, "machine", "create", "w", "-", stdin=json.dumps(
                {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}))

        def start(tenant, *more):
            return self.on.cli("--tenant", tenant, "start", "w", *more, check=False)
        self.assertEqual(start("acme").code, 0)
        refused = start("acme")
        self.assertEqual(refused.code, 3, refused.stdout)
        self.assertRegex(refused.stderr, "Rate exceeded|Execution Limit Exceeded")
        self.assertEqual([start("other").code for _ in range(3)], [0, 0, 0])
        large = start("other", "--input", json.dumps("x" * 2_000))
        self.assertEqual(large.code, 3, large.stdout)
        self.assert_one_line(large.stderr, "tenant 'other' may send 1000 at most")
        shown = json.loads(self.on.cli("--json", "--tenant", "acme", "quotas").stdout)
        self.assertEqual((shown["openExecutions"], shown["openExecutionsMax"], shown["refused"],
                          shown["requestBytesMax"]), (1, 1, 1, 1000))
        file.write_text("[quotas]\nopen_executions = -1\n")
        done = subprocess.run([BIN / "towline-server", "--config", file, "--check-config"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assert_one_line(done.stderr, "quotas: a limit must be at least 0")

    def test_our_own_bounds_are_wider(self):
        self.on.start_broker()
        self.on.start_server()
        grown = self.run_all()
        self.assertEqual((grown["status"], json.loads(grown["output"])), ("SUCCEEDED", "grown"))


if __name__ == "__main__":
    unittest.main()
