"""The ready-made job types, through server, broker and agent; and the examples that show them."""

import contextlib
import http.server
import json
import re
import subprocess
import sys
import threading
import unittest

from harness import BIN, SOURCE, IntegrationTest, eventually

sys.path.insert(0, str(SOURCE / "tests/handlers"))
from postgres_server import PostgresServer, programs  # noqa: E402

HISTORIAN = SOURCE / "examples/historian"
OWN = SOURCE / "examples/own-handler"


def job(job_type, **more):
    """A machine of one job that hands its input on; a refusal is caught."""
    return {"StartAt": "S", "States": {
        "S": {"Type": "Task", "Resource": "arn:towline:states:::job:run",
              "Parameters": {"JobType": job_type, "Payload.$": "$"}, "TimeoutSeconds": 60,
              "Catch": [{"ErrorEquals": ["Towline.Refused"], "Next": "Refused"}],
              "Next": "Done", **more},
        "Done": {"Type": "Succeed"},
        "Refused": {"Type": "Pass", "Result": "caught", "End": True}}}


class HandlersTest(IntegrationTest):
    def test_files_and_a_refusal_that_a_workflow_catches(self):
        root = self.on.folder / "root"
        root.mkdir()
        (self.on.folder / "secret").write_text("s")
        self.on.start(job_types='[[job_type]]\nname = "files"\nhandler = "file"\n'
                                '[job_type.file]\nroots = {r = "root"}\nwrite = true\n')
        self.on.create("files", job("files"))
        self.assert_once(self.on.begin("files", "w", {"op": "write", "root": "r", "path": "a",
                                                      "content": "hello"}), {"bytes": 5})
        self.assertEqual((root / "a").read_text(), "hello")
        self.assert_once(self.on.begin("files", "r", {"op": "read", "root": "r", "path": "a"}),
                         {"bytes": 5, "size": 5, "content": "hello"})
        self.assert_once(self.on.begin("files", "t", {"op": "read", "root": "r",
                                                      "path": "../secret"}), "caught")

    def test_http_with_a_secret_of_the_site_and_a_cancel(self):
        seen = []
        hang = threading.Event()

        class Service(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.headers.get("Authorization"))
                if self.path == "/slow":
                    hang.wait(60)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # the call that was cancelled
                    self.wfile.write(b'{"level": 7}')

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as service:
            threading.Thread(target=service.serve_forever, daemon=True).start()
            self.addCleanup(hang.set)
            base = f"http://127.0.0.1:{service.server_address[1]}"
            (self.on.folder / "secrets").mkdir()
            (self.on.folder / "secrets/key").write_text("Bearer sesame\n")
            self.on.start(job_types=f'[[job_type]]\nname = "erp"\nhandler = "http"\n'
                                    f'secrets = ["key"]\n[job_type.http]\nallow = ["{base}"]\n')
            self.on.create("erp", job("erp", ResultSelector={"level.$": "$.body.level"}))
            headers = {"Authorization": {"$secret": "key"}}
            self.assert_once(self.on.begin("erp", "a", {"url": base + "/", "headers": headers}),
                             {"level": 7})
            self.assertEqual(seen, ["Bearer sesame"])
            self.assertNotIn("sesame", json.dumps(self.on.history("erp/a")))
            slow = self.on.begin("erp", "slow", {"url": base + "/slow"})
            eventually("the call hangs", lambda: len(seen) == 2)
            self.on.cli("stop", slow)
            log = self.on.programs[-1]
            eventually("the job has ended", lambda: log.stderr().count("job_finished") == 2)
            hang.set()
            service.shutdown()

    def test_a_program_gets_secrets_that_nobody_else_ever_sees(self):
        (self.on.folder / "secrets").mkdir()
        (self.on.folder / "secrets/key").write_text("open sesame\n")
        tell = ('tee got; s=$(cat secrets/key); '
                'echo "{\\"percent\\":1,\\"message\\":\\"$s\\",\\"data\\":\\"$s\\"}" >&3')
        self.on.start_broker()
        self.on.start_server()
        self.on.start_worker(env={"MILL_TOKEN": "of the environment"}, job_types=(
            '[secret_variables]\nmill = "MILL_TOKEN"\n'
            '[[job_type]]\nname = "tell"\nshell = true\nsecrets = ["key", "mill"]\n'
            f"argv = ['{tell}']\n"
            '[[job_type]]\nname = "fail"\nshell = true\nsecrets = ["key"]\n'
            'argv = ["cat >&2; exit 1"]\n'
            '[[job_type]]\nname = "other"\nargv = ["cat"]\n'))
        self.on.await_worker("ams-1")
        asked = {"a": {"$secret": "key"}, "b": [{"$secret": "mill"}]}
        for name in ("tell", "fail", "other"):
            self.on.create(name, job(name))
        self.assert_once(self.on.begin("tell", "t", asked), {"a": "***", "b": ["***"]})
        self.assertEqual(json.loads((self.on.folder / "got").read_text()),
                         {"a": "open sesame", "b": ["of the environment"]})
        failed = self.on.await_end(self.on.begin("fail", "f", {"a": {"$secret": "key"}}))
        self.assertEqual(failed["cause"], 'exit code 1: {"a":"***"}')
        self.assert_once(self.on.begin("other", "o", asked), "caught")
        for path in self.on.folder.rglob("*"):
            if path.is_file() and path.parent.name != "secrets" and path.name != "got":
                for secret in (b"open sesame", b"of the environment"):
                    self.assertNotIn(secret, path.read_bytes(), path)

    def historian_file(self, connection):
        text = (HISTORIAN / "worker.toml").read_text()
        text = re.sub(r"^port = \d+$", f"port = {self.on.broker_port}", text, flags=re.M)
        text = text.replace("./towline-worker-data", f"{self.on.folder}/worker")
        text = text.replace("sqlite:historian.db", connection)
        text = text.replace('"./tags.sh"', f'"{HISTORIAN}/tags.sh"')
        text = text.replace('restart = "rerun"\n\n', 'restart = "rerun"\n')
        path = self.on.folder / "worker.toml"
        path.write_text(text)
        return path

    def ask_the_historian(self, connection):
        self.on.start_broker()
        self.on.start_server()
        self.on.start_worker("plant-1", configuration=self.historian_file(connection))
        self.on.await_worker("plant-1")
        self.on.create("historian", (HISTORIAN / "workflow.asl.json").read_text())
        self.assert_once(
            self.on.begin("historian", "a", {"tag": "FT-101", "from": 0, "to": 300}),
            {"count": 5, "total": 5.0})
        empty = self.on.await_end(
            self.on.begin("historian", "b", {"tag": "' OR 1=1 --", "from": 0, "to": 300}))
        self.assertEqual(empty["error"], "Example.NoValues", empty)

    def test_the_historian_of_the_examples(self):
        subprocess.run([HISTORIAN / "make_database.py", self.on.folder / "historian.db"],
                       check=True, timeout=30)
        self.ask_the_historian(f"sqlite:{self.on.folder}/historian.db")
        self.on.create("tags", job("tags"))
        ended = self.on.await_end(self.on.begin("tags", "t", {"prefix": "FT"}))
        self.assertEqual(json.loads(ended["output"]), ["FT-101"])

    @unittest.skipIf(programs() is None, "PostgreSQL is not installed")
    def test_the_historian_with_postgresql(self):
        server = PostgresServer()
        self.addCleanup(server.close)
        subprocess.run(
            [f"{programs()}/psql", "-q", "-h", "127.0.0.1", "-p", str(server.port), "-U", "towline",
             "-d", "postgres", "-c",
             "CREATE TABLE samples (tag text, at int, value float8);"
             "INSERT INTO samples SELECT 'FT-101', 60 * m, 0.5 * m FROM generate_series(0, 99) m"],
            check=True, timeout=30)
        self.ask_the_historian(f"postgresql://towline@127.0.0.1:{server.port}/postgres")

    def test_a_worker_with_a_handler_of_its_own(self):
        self.on.start_broker()
        self.on.start_server()
        path = self.on.write_worker_file(
            "counter-1", '[[job_type]]\nname = "count"\nhandler = "count"\nrestart = "rerun"\n')
        worker = self.on.launch("own", [BIN / "own-handler", "--config", path])
        self.on.await_worker("counter-1")
        self.on.create("count", (OWN / "workflow.asl.json").read_text())
        self.assert_once(self.on.begin("count", "a", {"to": 5}), {"from": 0, "counted": 5})
        # A kill in the middle: the next attempt goes on from the checkpoint.
        execution = self.on.begin("count", "b", {"to": 300})
        eventually("a checkpoint is at the server", lambda: "JobCheckpointed" in self.on.cli(
            "history", execution, "--full").stdout)
        worker.kill()
        self.on.launch("own", [BIN / "own-handler", "--config", path])
        ended = self.on.await_end(execution)
        output = json.loads(ended["output"])
        self.assertEqual(output["from"] + output["counted"], 300)
        self.assertGreater(output["from"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
