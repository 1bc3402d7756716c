"""Large payloads: what no message takes goes over the server's HTTPS door, through a link that is
slow and cut again and again, and arrives whole; definitions look into it as if it were there."""

import hashlib
import json
import os
import sqlite3
import subprocess
import time
import unittest

from harness import BIN, eventually, free_port
from links import CutLink
from secured import SecuredTest

MIB = 1 << 20
SIZE = int(os.environ.get("TOWLINE_PAYLOAD_MIB", "12")) * MIB  # 1024 is tried by hand
RATE = int(os.environ.get("TOWLINE_LINK_MIB", "8")) * MIB  # a second, each way
CUTS = 10

TYPES = '''
[[job_type]]
name = "make"
argv = ["python3", "-c", """
import json, os, sys
wanted = json.load(sys.stdin)["bytes"]
with os.fdopen(4, 'wb') as out:
    piece = bytes(range(256)) * 4096
    while wanted > 0:
        out.write(piece[:wanted])
        wanted -= len(piece)
"""]
[[job_type]]
name = "hash"
argv = ["python3", "-c", """
import hashlib, json, sys
blob = json.load(sys.stdin)['file']['$blob']
digest = hashlib.sha256()
with open(blob['path'], 'rb') as file:
    while piece := file.read(1 << 20):
        digest.update(piece)
print(json.dumps({'sha256': digest.hexdigest(), 'announced': blob['sha256']}))
"""]
[[job_type]]
name = "lie"
argv = ["sh", "-c", """
printf '{"$blob":{"sha256":"%064d","size":1}}' 0
"""]
[[job_type]]
name = "rows"
argv = ["python3", "-c", """
import json
print(json.dumps({'count': 5, 'rows': [{'n': n, 'text': 'x' * 30000} for n in range(5)]}))
"""]
[[job_type]]
name = "measure"
argv = ["python3", "-c", """
import json, sys
rows = json.load(sys.stdin)['rows']
print(json.dumps({'rows': len(rows), 'bytes': sum(len(row['text']) for row in rows)}))
"""]
'''


def job(kind, payload, **more):
    return {"Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 3600,
            "Parameters": {"JobType": kind, **payload}, **more}


FILE = {"StartAt": "Make", "States": {
    "Make": job("make", {"Payload.$": "$"}, ResultPath="$.file", Next="Hash"),
    "Hash": job("hash", {"Payload": {"file.$": "$.file"}}, End=True)}}
PATHS = {"StartAt": "Rows", "States": {
    "Rows": job("rows", {"Payload": {}}, ResultPath="$.big", Next="Many"),
    "Many": {"Type": "Choice", "Choices": [
        {"Variable": "$.big.count", "NumericEquals": 5, "Next": "Each"}]},
    "Each": {"Type": "Map", "ItemsPath": "$.big.rows", "ResultPath": "$.numbers",
             "ItemSelector": {"n.$": "$$.Map.Item.Value.n"},
             "ItemProcessor": {"StartAt": "N", "States": {
                 "N": {"Type": "Pass", "OutputPath": "$.n", "End": True}}}, "Next": "Measure"},
    "Measure": job("measure", {"Payload": {"rows.$": "$.big.rows"}}, ResultPath="$.measured",
                   Next="Show"),
    "Show": {"Type": "Pass", "End": True, "Parameters": {
        "numbers.$": "$.numbers", "measured.$": "$.measured", "last.$": "$.big.rows[4].n",
        "odd.$": "$.big.rows[?(@.n > 2)].n", "whole.$": "$.big"}}}}
QUERY = {"QueryLanguage": "JSONata", "StartAt": "Rows", "States": {
    "Rows": {"Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 60,
             "Arguments": {"JobType": "rows", "Payload": {}}, "End": True, "Output": {
                 "sum": "{% $sum($states.result.rows.n) %}",
                 "count": "{% $count($states.result.rows) %}",
                 "keys": "{% $keys($states.result) %}",
                 "second": "{% $states.result.rows[1].n %}",
                 "big": "{% $states.result.rows[n > 2].n %}"}}}}


class PayloadsTest(SecuredTest):
    def set_up(self, cut_after=None, more=""):
        self.secure()
        link = CutLink(None, free_port(), cut_after or 1 << 60, CUTS, RATE)
        self.addCleanup(link.close)
        self.on.server.stop()
        with open(self.on.folder / "server.toml", "a") as file:
            file.write(f'[https]\naddress = "localhost:{link.port}"\n{more}')
        self.start_tls_server()
        link.target = self.https_port
        words = self.as_user("ann", "worker", "invite").stdout.strip().split()
        config = self.on.folder / "ams" / "worker.toml"
        subprocess.run([str(BIN / "towline-worker"), *words[1:], "--name", "ams", "--config",
                        str(config), "--no-start"], check=True, timeout=60, capture_output=True)
        config.write_text(config.read_text() + TYPES)
        self.config, self.link = config, link
        self.start_agent()

    def start_agent(self):
        self.agent = self.on.launch("agent", [BIN / "towline-worker", "--config", self.config])
        eventually("the worker is online", lambda: self.workers().get("ams") == "ONLINE")

    def create(self, name, definition):
        path = self.on.folder / f"{name}.json"
        path.write_text(json.dumps(definition))
        self.as_user("ann", "machine", "create", name, path)

    def run_machine(self, name, definition, given="{}"):
        self.create(name, definition)
        done = self.as_user("ann", "start", name, "--input", given, "--wait")
        return json.loads(done.stdout)

    def state_files(self):
        state = self.config.parent / "towline-worker"
        return [p.name for p in (state / "outgoing").iterdir()]

    def test_a_file_arrives_whole_though_the_link_is_cut_ten_times(self):
        self.set_up(cut_after=SIZE // (CUTS + 2))
        expected = hashlib.sha256()
        left = SIZE
        piece = bytes(range(256)) * 4096
        while left > 0:
            expected.update(piece[:left])
            left -= len(piece)
        self.create("file", FILE)
        self.as_user("ann", "start", "file", "--name", "one", "--input",
                     json.dumps({"bytes": SIZE}))
        describe = lambda: self.as_user("ann", "describe", "file:one", "--json").json
        done = eventually("it has ended", lambda: describe()["status"] != "RUNNING" and describe(),
                          patience=max(120, SIZE // MIB), pause=0.5)
        self.assertEqual(done["status"], "SUCCEEDED", done)
        self.assertEqual(json.loads(done["output"]),
                         {"sha256": expected.hexdigest(), "announced": expected.hexdigest()})
        self.assertEqual(self.link.cuts, CUTS)
        kept = self.on.data / "payloads" / "default" / expected.hexdigest()
        self.assertEqual(kept.stat().st_size, SIZE)
        eventually("nothing is left at the worker", lambda: not self.state_files())
        uses = [sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute(
            "SELECT sha256 FROM payload_uses").fetchall()
            for path in self.on.data.glob("partition-*.db")]
        self.assertEqual(uses, [[(expected.hexdigest(),)]], "kept as long as the execution")

    def test_an_upload_goes_on_after_the_agent_was_killed(self):
        self.set_up()
        self.link.target = 1  # nothing comes through to the door
        self.create("file", FILE)
        self.as_user("ann", "start", "file", "--name", "one", "--input",
                     json.dumps({"bytes": 3 * MIB}))
        eventually("it is over", lambda: "job_finished" in self.agent.stderr())
        time.sleep(1)  # its result is in the journal: before, it would count as cut off
        self.agent.kill()
        self.link.target = self.https_port
        self.start_agent()
        describe = lambda: self.as_user("ann", "describe", "file:one", "--json").json
        done = eventually("it has ended", lambda: describe()["status"] != "RUNNING" and describe(),
                          patience=60)
        self.assertEqual(done["status"], "SUCCEEDED", done)
        output = json.loads(done["output"])
        self.assertEqual(output["sha256"], output["announced"])

    def test_paths_look_into_large_payloads(self):
        self.set_up()
        shown = self.run_machine("paths", PATHS)
        whole = shown.pop("whole")["$blob"]
        self.assertGreater(whole["size"], 150_000)
        self.assertEqual(shown, {"numbers": [0, 1, 2, 3, 4], "last": 4, "odd": [3, 4],
                                 "measured": {"rows": 5, "bytes": 150_000}})
        self.assertEqual(self.run_machine("query", QUERY), {
            "sum": 10, "count": 5, "keys": ["count", "rows"], "second": 1, "big": [3, 4]})

    def test_a_result_that_refers_to_nothing_fails(self):
        self.set_up()
        self.create("lie", {"StartAt": "Lie", "States": {
            "Lie": job("lie", {"Payload": {}}, End=True)}})
        self.as_user("ann", "start", "lie", "--name", "one")
        done = eventually("it has ended", lambda: self.as_user(
            "ann", "describe", "lie:one", "--json").json.get("error"))
        self.assertEqual(done, "Towline.PayloadMissing")

    def test_what_the_quota_does_not_allow_fails_the_task(self):
        self.set_up(more="[payloads]\ntenant_mb = 1\n")
        self.create("file", FILE)
        self.as_user("ann", "start", "file", "--name", "one", "--input",
                     json.dumps({"bytes": 3 * MIB}))
        done = eventually("it has ended", lambda: self.as_user(
            "ann", "describe", "file:one", "--json").json.get("error"))
        self.assertIn("QuotaExceeded", done)
        eventually("nothing is left at the worker", lambda: not self.state_files())


if __name__ == "__main__":
    unittest.main(verbosity=2)
