"""What people get wrong: one clear line each, and no half-written state."""

import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness import BIN, IntegrationTest, eventually

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def run(*arguments, timeout=30, **options):
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL, **options)


class CommandLineTest(IntegrationTest):
    """Wrong flags and files: exit code 2 for usage, 1 for the rest, never a trace."""

    PROGRAMS = ("towline-server", "towline-worker", "towline")

    def test_wrong_flags(self):
        for program in self.PROGRAMS:
            with self.subTest(program):
                command = ["workers"] if program == "towline" else []
                done = run(BIN / program, *command, "--nonsense")
                self.assertEqual(done.returncode, 2, done)
                self.assert_one_line(done.stderr, program, "nonsense")
                self.assertEqual(done.stdout, "")

    def test_version_and_help(self):
        for program in self.PROGRAMS:
            with self.subTest(program):
                version = run(BIN / program, "--version")
                self.assertEqual(version.returncode, 0)
                self.assertRegex(version.stdout, rf"^{program} \d+\.\d+\.\d+\n$")
                text = run(BIN / program, "--help")
                self.assertEqual(text.returncode, 0)
                self.assertIn("--", text.stdout)

    def test_bad_values_of_server_flags(self):
        data = self.on.folder / "never"
        for flag, value in (("--listen", "nonsense"), ("--listen", "127.0.0.1:99999"),
                            ("--listen", "0.0.0.0:0"), ("--broker", "nowhere"),
                            ("--broker", "127.0.0.1:x"), ("--data", "/proc/towline"),
                            ("--config", "/does/not/exist.toml")):
            with self.subTest(f"{flag} {value}"):
                flags = {"--data": data, "--listen": "127.0.0.1:0", "--broker": "127.0.0.1:1",
                         flag: value}
                done = run(BIN / "towline-server", "--plain",
                           *(a for pair in flags.items() for a in pair))
                self.assertNotEqual(done.returncode, 0)
                self.assert_one_line(done.stderr, value if value != "0.0.0.0:0" else "loopback")
                self.assertFalse(data.exists(), "a refused start must leave nothing behind")

    def test_bad_configuration_files(self):
        bad = self.on.folder / "bad.toml"
        for program, good in (("towline-server", 'limits = "aws"'),
                              ("towline-worker", 'name = "ams-1"')):
            for wrong, fragment in (("broken = = 1", "bad.toml:2"), ("surprise = 1", "surprise"),
                                    ("broker = 7", "broker"), ("[broker]\nport = 0", "port")):
                with self.subTest(f"{program}: {wrong!r}"):
                    bad.write_text(f"{good}\n{wrong}\n")
                    done = run(BIN / program, "--config", bad, "--check-config")
                    self.assertNotEqual(done.returncode, 0)
                    self.assert_one_line(done.stderr, "bad.toml", fragment)

    def test_a_directory_is_no_configuration_file(self):
        for program in ("towline-server", "towline-worker"):
            done = run(BIN / program, "--config", self.on.folder, "--check-config")
            self.assertEqual(done.returncode, 2, done)
            self.assert_one_line(done.stderr, str(self.on.folder), "directory")

    def test_bad_object_stores(self):
        bad = self.on.folder / "objects.toml"
        for wrong, fragment in (
                ("[objects]\nroots = 'x'", "unknown key 'objects.roots'"),
                ("[objects.s3]\nendpoint = 'minio'", "'minio' is not https://HOST[:PORT]"),
                ("[objects.s3]\nregion = 7", "'objects.s3.region' must be a string"),
                ("[objects.s3]\nendpoint = 'https://x'", "access_key_id")):
            with self.subTest(wrong):
                bad.write_text(f"{wrong}\n")
                done = run(BIN / "towline-server", "--config", bad, "--check-config")
                self.assertNotEqual(done.returncode, 0)
                self.assert_one_line(done.stderr, "objects.toml", fragment)

    def test_no_server_there(self):
        done = run(BIN / "towline", "--server", "127.0.0.1:1", "workers")
        self.assertNotEqual(done.returncode, 0)
        self.assert_one_line(done.stderr, "127.0.0.1:1")


class DefinitionTest(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.on.start_broker()
        self.on.start_server()

    def refuse(self, text, *fragments):
        path = self.on.folder / "wrong.asl.json"
        path.write_text(text)
        for command in (("machine", "create", "wrong", path), ("validate", path)):
            answer = self.on.cli(*command, check=False)
            self.assertNotEqual(answer.code, 0, command)
            said = answer.stderr + answer.stdout
            for fragment in fragments:
                self.assertIn(fragment, said, command)
        self.assertEqual(self.on.cli("machine", "list", "--json").json.get("stateMachines", []),
                         [], "a refused definition must not be stored")

    def test_broken_json_names_line_and_column(self):
        self.refuse('{\n  "StartAt": "A",\n  "States": {"A": }\n}\n',
                    "wrong.asl.json:3:19", "INVALID_JSON_DESCRIPTION")

    def test_wrong_types(self):
        self.refuse(json.dumps({"StartAt": 7, "States": []}), "SCHEMA_VALIDATION_FAILED",
                    "/StartAt", "/States")

    def test_unknown_states_and_fields(self):
        wrong = {"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Next": "Nowhere"},
            "B": {"Type": "Dance", "End": True},
            "C": {"Type": "Pass", "Surprise": 1, "End": True}}}
        self.refuse(json.dumps(wrong, indent=1), "MISSING_TRANSITION_TARGET", "Nowhere",
                    "/States/A/Next", "/States/B/Type", "Surprise")

    def test_every_finding_at_once(self):
        states = {f"S{i}": {"Type": "Pass", "Next": f"Missing{i}"} for i in range(5)}
        self.refuse(json.dumps({"StartAt": "S0", "States": states}),
                    *(f"Missing{i}" for i in range(5)))

    def test_bad_input_of_an_execution(self):
        self.on.create("ok", PASS)
        for text in ('{"a": 1,}', "", "nonsense", "[1, 2"):
            with self.subTest(text):
                answer = self.on.cli("start", "ok", "--input", text, check=False)
                self.assertNotEqual(answer.code, 0)
                self.assert_one_line(answer.stderr, "input")
        self.assertNotEqual(self.on.cli("start", "none", check=False).code, 0)
        executions = self.on.cli("list", "--machine", "ok", "--json").json.get("executions", [])
        self.assertEqual(executions, [])


class ServerStartTest(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.on.start_broker()

    def refuse_start(self, *fragments, arguments=None):
        done = run(*(arguments or self.on.server_arguments()))
        self.assertNotEqual(done.returncode, 0, done)
        self.assert_one_line(done.stderr, *fragments)
        self.assertNotIn("ready", done.stdout)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            arguments = self.on.server_arguments()
            arguments[arguments.index("--listen") + 1] = address
            self.refuse_start(address, "cannot listen", arguments=arguments)
        self.on.start_server()  # and it has not left a lock behind

    def test_second_server_on_the_directory(self):
        self.on.start_server()
        self.refuse_start(str(self.on.data), "another")
        self.on.create("ok", PASS)  # the first does not mind

    def test_database_of_a_newer_version(self):
        self.on.start_server()
        self.on.create("ok", PASS)
        self.on.server.stop()
        databases = [p for p in self.on.data.iterdir()
                     if p.is_file() and p.read_bytes()[:6] == b"SQLite"]
        self.assertTrue(databases)
        versions = {}
        for path in databases:
            versions[path], = self.ask(path, "PRAGMA user_version")
            self.ask(path, "PRAGMA user_version = 9999")
        for path in databases:
            before = path.read_bytes()
            self.refuse_start("9999", "newer")
            self.assertEqual(path.read_bytes(), before, "a refused database must stay untouched")
        for path, version in versions.items():
            self.ask(path, f"PRAGMA user_version = {version}")
        self.on.start_server()
        self.assertEqual(len(self.on.cli("machine", "list", "--json").json["stateMachines"]), 1)

    @staticmethod
    def ask(path, statement):
        """Closes again, so that everything is in the file itself."""
        with contextlib.closing(sqlite3.connect(path)) as database:
            row = database.execute(statement).fetchone()
            database.commit()
            return row

    def test_broker_unreachable_at_start(self):
        self.on.broker.kill()
        server = self.on.start_server()
        self.on.create("ok", PASS)
        for program in (server, self.on.start_worker()):
            eventually("the log says so", lambda: "broker_unreachable" in program.stderr())
            line, = (line for line in program.stderr().splitlines() if "unreachable" in line)
            self.assertIn(f"127.0.0.1:{self.on.broker_port}: Connection refused", line)
        self.on.start_broker()
        self.on.await_worker("ams-1")

    def test_sigterm_ends_within_five_seconds(self):
        server = self.on.start_server()
        self.on.create("wait", {"StartAt": "W", "States": {
            "W": {"Type": "Wait", "Seconds": 3600, "End": True}}})
        execution = self.on.begin("wait", "w1", {})
        code, seconds = server.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 5)
        self.on.start_server()
        self.assertEqual(self.on.describe(execution)["status"], "RUNNING")


class DiskFullTest(IntegrationTest):
    """The disk fills up under a running server: refused clearly, and well again with space."""

    def setUp(self):
        super().setUp()
        self.disk = self.on.folder / "disk"
        self.disk.mkdir()
        self.mounted = os.getuid() == 0 and run(
            "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", self.disk).returncode == 0
        if self.mounted:
            self.addCleanup(lambda: run("umount", "-l", self.disk))
        self.on.data = self.disk / "data"
        self.on.start_broker()

    def limited(self):
        """Without a disk of our own: no file may grow beyond 1 MiB."""
        if self.mounted:
            return None

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writes fail, not the process
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        return limit

    def fill(self):
        if not self.mounted:
            return
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    pass

    def start_until_refused(self):
        """Starts executions until the disk is full; returns those that were accepted."""
        accepted = []
        for i in range(2000):
            answer = self.on.cli("start", "big", "--name", f"e{i}", "--input",
                                 json.dumps({"n": i, "pad": "x" * 20000}), check=False)
            if answer.code != 0:
                self.assert_one_line(answer.stderr, "ServiceUnavailable")
                return accepted
            accepted.append(f"big/e{i}")
        self.fail("the disk never became full")

    def test_full_while_running(self):
        self.on.start_server(preexec=self.limited())
        self.on.create("big", PASS)
        self.fill()
        accepted = self.start_until_refused()
        self.assertTrue(self.on.server.running())
        self.assertIn("disk", self.on.server.stderr().lower())
        if self.mounted:
            (self.disk / "filler").unlink()
            eventually("it recovers by itself", lambda: self.on.cli(
                "start", "big", "--name", "later", check=False).code == 0)
        else:
            self.on.server.kill()
            self.on.start_server()
        for execution in accepted:
            self.assertEqual(self.on.await_end(execution)["status"], "SUCCEEDED")
        self.on.server.stop()
        for path in self.on.data.iterdir():
            if path.is_file() and path.read_bytes()[:6] == b"SQLite":
                with contextlib.closing(sqlite3.connect(path)) as database:
                    check, = database.execute("PRAGMA integrity_check").fetchone()
                self.assertEqual(check, "ok", path)

    def test_full_at_the_start(self):
        if not self.mounted:
            self.skipTest("needs to mount a tmpfs: run as root outside of a container")
        self.fill()
        done = run(*self.on.server_arguments())
        self.assertNotEqual(done.returncode, 0)
        self.assert_one_line(done.stderr, str(self.on.data))
        Path(self.disk / "filler").unlink()
        self.on.start_server()


if __name__ == "__main__":
    unittest.main(verbosity=2)
