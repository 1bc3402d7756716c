"""Real programs in a scratch directory: broker, server, workers, command line.

Every test gets an Installation of its own: its own directory, its own free loopback ports, so tests
may run side by side. Whatever was started is ended by process id, also when the test fails; then
the end of each log is printed.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("TOWLINE_BIN", SOURCE / "build/dev/bin"))
PATIENCE = float(os.environ.get("TOWLINE_TEST_PATIENCE", "30"))  # seconds, for anything awaited


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, probe, patience=PATIENCE, pause=0.05):
    """Calls `probe` until it returns something true, and returns that."""
    deadline = time.monotonic() + patience
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:g} s: {what}")
        time.sleep(pause)


def port_is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Program:
    """One process, its output in files, in a session of its own."""

    def __init__(self, name, arguments, folder, env=None, preexec=None):
        self.name = name
        self.stdout_path = folder / f"{name}.out"
        self.stderr_path = folder / f"{name}.err"
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = subprocess.Popen(
                [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=folder, env={**os.environ, **(env or {})}, start_new_session=True,
                preexec_fn=preexec)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def stdout(self):
        return self.stdout_path.read_text(errors="replace")

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def await_line(self, pattern, patience=PATIENCE):
        def probe():
            match = re.search(pattern, self.stdout(), re.M)
            if not match and not self.running():
                raise AssertionError(
                    f"{self.name} ended with {self.process.returncode}:\n{self.stderr()[-2000:]}")
            return match
        return eventually(f"{self.name} says {pattern}", probe, patience)

    def kill(self):
        """kill -9: no chance to say goodbye."""
        self.process.kill()
        self.process.wait(timeout=10)

    def stop(self, signal_number=signal.SIGTERM, patience=10):
        """Asks, and returns (exit code, seconds it took)."""
        began = time.monotonic()
        if self.running():
            self.process.send_signal(signal_number)
        code = self.process.wait(timeout=patience)
        return code, time.monotonic() - began

    def end(self):
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)
        # What a killed program left behind in its session.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class Answer:
    """What one call of the command line came to."""

    def __init__(self, completed):
        self.code = completed.returncode
        self.stdout = completed.stdout
        self.stderr = completed.stderr

    @property
    def json(self):
        return json.loads(self.stdout)


class Installation:
    """A broker, a server and workers that know each other."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="towline-test-"))
        self.data = self.folder / "data"
        self.broker_port = free_port()
        self.programs = []
        self.broker = self.server = None
        self.address = None
        self.generation = 0

    def launch(self, name, arguments, **options):
        self.generation += 1
        program = Program(f"{self.generation:02}-{name}", arguments, self.folder, **options)
        self.programs.append(program)
        return program

    # The broker keeps nothing on disk: the job protocol must not need it to.
    def start_broker(self):
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\n"
            "set_tcp_nodelay true\nmax_inflight_messages 0\npersistence false\n"
            f"log_type error\nlog_type warning\n{'user root' if os.getuid() == 0 else ''}\n")
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        if mosquitto is None:
            raise AssertionError("no mosquitto on this machine: scripts/install-packages")
        self.broker = self.launch("broker", [mosquitto, "-c", configuration])
        eventually("the broker listens", lambda: port_is_open(self.broker_port))
        return self.broker

    def server_arguments(self, *more, data=None):
        return [BIN / "towline-server", "--plain", "--data", data or self.data,
                "--listen", "127.0.0.1:0", "--broker", f"127.0.0.1:{self.broker_port}", *more]

    def start_server(self, *more, **options):
        self.server = self.launch("server", self.server_arguments(*more), **options)
        match = self.server.await_line(r"^ready grpc=(\S+)$")
        self.address = match.group(1)
        return self.server

    def write_worker_file(self, name, job_types="", tenant="default", slots=4, labels="",
                          more=""):
        path = self.folder / f"{name}.toml"
        path.write_text(
            f'tenant = "{tenant}"\nname = "{name}"\nslots = {slots}\n'
            f'state = "{self.folder / ("worker-" + name)}"\n{more}\n'
            f"[labels]\n{labels}\n"
            f'[broker]\nhost = "127.0.0.1"\nport = {self.broker_port}\n{job_types}\n')
        return path

    def start_worker(self, name="ams-1", configuration=None, env=None, **file_options):
        path = configuration or self.write_worker_file(name, **file_options)
        # What a killed worker leaves of its jobs' folders goes with the installation's.
        return self.launch(f"worker-{name}", [BIN / "towline-worker", "--config", path],
                           env={"TMPDIR": str(self.folder), **(env or {})})

    def start(self, *server_options, **worker_options):
        self.start_broker()
        self.start_server(*server_options)
        worker = self.start_worker(**worker_options)
        self.await_worker(worker_options.get("name", "ams-1"),
                          tenant=worker_options.get("tenant", "default"))
        return worker

    def cli(self, *arguments, check=True, patience=PATIENCE, stdin=""):
        completed = subprocess.run(
            [str(BIN / "towline"), "--server", self.address, *[str(a) for a in arguments]],
            input=stdin, capture_output=True, text=True, timeout=patience, cwd=self.folder)
        answer = Answer(completed)
        if check and answer.code != 0:
            raise AssertionError(f"towline {' '.join(map(str, arguments))} ended with "
                                 f"{answer.code}: {answer.stderr or answer.stdout}")
        return answer

    # The few calls that most tests make; what they print for programs is part of the promise.
    def create(self, name, definition):
        path = self.folder / f"{name}.asl.json"
        path.write_text(definition if isinstance(definition, str) else json.dumps(definition))
        return self.cli("machine", "create", name, path)

    def begin(self, machine, name, value):
        self.cli("start", machine, "--name", name, "--input", json.dumps(value))
        return f"{machine}/{name}"

    def describe(self, execution):
        return self.cli("describe", execution, "--json").json

    def history(self, execution):
        return self.cli("history", execution, "--json").json["events"]

    def await_end(self, execution, patience=PATIENCE):
        """The description of the execution once it no longer runs."""
        def probe():
            answer = self.cli("describe", execution, "--json", check=False)
            if answer.code == 0 and answer.json["status"] != "RUNNING":
                return answer.json
            return None
        return eventually(f"{execution} ends", probe, patience, pause=0.1)

    def await_worker(self, name, state="ONLINE", tenant="default"):
        def probe():
            answer = self.cli("--tenant", tenant, "workers", "--json", check=False)
            return answer.code == 0 and any(
                w["name"] == name and w["state"] == state for w in answer.json.get("workers", []))
        eventually(f"worker {name} is {state}", probe)

    def publish(self, topic, payload, *more):
        """Any MQTT client of the broker."""
        data = payload if isinstance(payload, bytes) else payload.encode()
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker_port), "-q", "1",
                        "-t", topic, "-s" if data else "-n", *more], input=data, check=True,
                       timeout=20, capture_output=True)

    def close(self, failed):
        for program in reversed(self.programs):
            program.end()
        if failed:
            for program in self.programs:
                for path in (program.stdout_path, program.stderr_path):
                    text = path.read_text(errors="replace")
                    if text.strip():
                        print(f"--- {path.name}\n{text[-3000:]}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class IntegrationTest(unittest.TestCase):
    """A test with an installation `self.on`, ended whatever happens."""

    on = None

    def assert_once(self, execution, output):
        """It ended once, with the right result, and its history is well formed."""
        ended = self.on.await_end(execution)
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        self.assertEqual(json.loads(ended["output"]), output)
        events = self.on.history(execution)
        self.assertEqual([e["id"] for e in events], list(range(1, len(events) + 1)))
        types = [e["type"] for e in events]
        self.assertEqual(types.count("ExecutionSucceeded"), 1, types)
        self.assertEqual(types[-1], "ExecutionSucceeded")
        self.assertLessEqual(types.count("TaskSucceeded"), types.count("TaskStateEntered"), types)

    def assert_one_line(self, text, *fragments):
        lines = text.strip().splitlines()
        self.assertEqual(len(lines), 1, f"not one line: {text!r}")
        for fragment in fragments:
            self.assertIn(fragment.lower(), lines[0].lower())

    def setUp(self):
        missing = [name for name in ("towline-server", "towline-worker", "towline")
                   if not (BIN / name).exists()]
        if missing:
            self.fail(f"not built: {', '.join(missing)} (looked in {BIN}; set TOWLINE_BIN)")
        self.on = Installation()

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        try:
            return super().run(result)
        finally:
            if self.on is not None:
                self.on.close(failed=len(result.failures) + len(result.errors) > before)
