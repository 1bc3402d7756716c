"""Cases of test_commands.py: Map Runs, and who may do what."""

from command_case import WAIT, CommandTest, on
from harness import eventually


class MapRunTest(CommandTest):
    MAP = {"StartAt": "Sites", "States": {"Sites": {
        "Type": "Map", "Label": "sites", "MaxConcurrency": 2, "End": True, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **WAIT}}}}

    def test_a_map_run_and_its_children_while_it_runs(self):
        on.create("map", self.MAP)
        self.towline("start", "map", "--name", "r1", "--input", "[1, 2, 3]")
        run = eventually("two children run", lambda: next(
            (run for run in self.json("map-run", "list", "map/r1")["mapRuns"]
             if run["itemCounts"]["running"] == 2), None))
        arn = run["mapRunArn"]
        described = self.json("map-run", "describe", arn.rsplit(":", 1)[1])
        self.assertEqual(described["executionCounts"]["pending"], 1)
        self.assertEqual(self.rows("map-run", "list", "map/r1")[1][0][:2], ["Sites", "RUNNING"])
        shown = self.towline("map-run", "describe", arn).stdout
        self.assertRegex(shown, r"(?s)map/r1\n.*tolerates  no failure\n.*running +2 +2\n")
        self.assertIn("the items of Map Run " + arn, self.towline("why", "map/r1").stdout)

        children = self.json("list", "--map-run", arn)["executions"]
        self.assertEqual([child["mapRunIndex"] for child in children], [1, 0])
        child = f"map/sites/{children[1]['name']}"
        self.assertIn(f"parent    map/r1\nmap run   {arn}\nchild     number 0, 1 item(s)\n",
                      self.towline("describe", child).stdout)

        up = self.json("map-run", "update", arn, "--max-concurrency", "3", "--tolerated-count", "1")
        self.assertEqual((up["maxConcurrency"], up["toleratedFailureCount"]), (3, 1))
        self.towline("stop", child)
        self.assertIn("ABORTED", self.towline("watch", child, code=1).stdout)
        self.assertEqual(self.json("map-run", "describe", arn)["itemCounts"]["aborted"], 1)
        self.towline("stop", "map/r1")
        self.assertIn("CANNOT_UPDATE_COMPLETED_MAP_RUN", self.towline(
            "map-run", "update", arn, "--max-concurrency", "1", code=3).stderr)


class AccessTest(CommandTest):
    def test_grants_come_and_go(self):
        given = ("--tenant", "acme", "--machines", "nightly-")
        self.assertEqual(self.towline("access", "grant", "ann", "starter", *given).stdout, "")
        self.assertEqual(self.json("access", "grant", "ann", "admin", "--everywhere"), {})
        head, rows = self.rows("access", "list")
        self.assertEqual(head, ["PRINCIPAL", "ROLE", "TENANT", "STATE MACHINES"])
        self.assertEqual(rows, [["ann", "admin", "*", "all"],
                                ["ann", "starter", "acme", "nightly-…"]])
        self.assertEqual(self.json("access", "list", "--principal", "bob")["grants"], [])
        self.towline("auth", "check", "access:change", "--principal", "ann")
        denied = self.json("auth", "check", "tasks:answer", "--principal", "bob", code=1)
        self.assertFalse(denied["allowed"])
        self.towline("auth", "check", "dance", code=3)
        self.towline("access", "revoke", "ann", "admin", "--everywhere")
        self.assertEqual(self.json("access", "revoke", "ann", "starter", *given), {})
        self.assertIn("ResourceNotFound",
                      self.towline("access", "revoke", "ann", "admin", code=3).stderr)

    def test_tokens_come_and_go(self):
        done = self.towline("token", "create", "robot", "--life", "12h")
        self.assertRegex(done.stdout, r"\Atowline_[0-9a-f]{12}_[0-9a-f]{64}\n\Z")
        made = self.json("token", "create", "robot")
        head, rows = self.rows("token", "list")
        self.assertEqual(head, ["ID", "PRINCIPAL", "CREATED", "EXPIRES"])
        self.assertEqual([row[1] for row in rows], ["robot", "robot"])
        self.towline("token", "revoke", made["token"]["id"])
        self.assertEqual(len(self.json("token", "list")["tokens"]), 1)
        self.towline("token", "create", "robot", "--life", "0d", code=2)

    def test_the_audit_log_says_who_wanted_what(self):
        self.towline("access", "grant", "carl", "viewer", "--machines", "night-")
        head, rows = self.rows("audit", "--limit", "1")
        self.assertEqual(head, ["TIME", "WHO", "FROM", "ACTION", "TENANT", "TO WHAT", "DECISION"])
        self.assertEqual([rows[0][1]] + rows[0][3:], [
            "(local)", "access:change", "default", "carl viewer night-", "allowed"])
        self.towline("access", "revoke", "carl", "viewer", "--machines", "night-")
        entry = self.json("audit", "--everywhere", "--limit", "1")["entries"][0]
        self.assertEqual((entry["object"], entry["proof"]), ("carl viewer night-", "local"))
        self.assertRegex(entry["peer"], r"^ipv4:127\.0\.0\.1:\d+$")
        self.assertEqual(self.json("audit", "--denied")["entries"], [])
        self.towline("audit", "--limit", "1001", code=3)


class QuotaTest(CommandTest):
    def test_what_a_tenant_has_in_use_is_shown(self):
        on.create("quota", WAIT)
        self.towline("start", "quota", "--name", "q1")
        quotas = self.json("quotas")
        self.assertEqual((quotas["tenant"], quotas["openExecutionsMax"]), ("default", 0))
        running = len(self.json("list", "--status", "RUNNING")["executions"])
        self.assertEqual(quotas["openExecutions"], running)
        head, rows = self.rows("quotas")
        self.assertEqual(head, ["OF TENANT default", "IN USE", "LIMIT"])
        self.assertEqual(rows[0], ["open executions", str(running), "no limit"])
        self.towline("stop", "quota/q1")
