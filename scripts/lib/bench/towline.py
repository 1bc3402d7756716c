"""A server with its broker and one worker, and the state machines of the main benchmark."""
import json, subprocess, time

JOB = {"Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 300}


def machine(jobs, job_type):
    states = {}
    for i in range(jobs):
        payload = {"Payload.$": "$"} if jobs == 1 else {
            "Payload": {"a.$": "$.a" if i == 0 else "$.sum", "b.$": "$$.Execution.Input.b"}}
        target = {"End": True} if i == jobs - 1 else {"Next": f"Add{i + 1}"}
        states[f"Add{i}"] = {**JOB, "Parameters": {"JobType": job_type, **payload}, **target}
    return {"StartAt": "Add0", "States": states}


WAITING = {"StartAt": "Ask", "States": {"Ask": {
    "Type": "Task", "Resource": "arn:towline:states:::mqtt:publish.waitForTaskToken",
    "Parameters": {"Topic": "plant/ask", "Payload": {"token.$": "$$.Task.Token", "input.$": "$"}},
    "TimeoutSeconds": 86400, "End": True}}}
MACHINES = {"w1": machine(1, "add-numbers"), "w2": machine(10, "add-numbers"),
            "w1exec": machine(1, "add-program"), "waiting": WAITING}


class Towline:
    environment = None  # of callers; None: ours

    def __init__(self, processes, binaries, folder):
        self.processes, self.binaries, self.folder = processes, binaries, folder
        folder.mkdir(parents=True)
        self.broker_port = processes.broker(folder)
        self.start_server()
        self.address = f"127.0.0.1:{self.port}"
        (folder / "worker.toml").write_text(
            f'tenant = "default"\nname = "bench"\nslots = 1024\nstate = "{folder}/worker"\n'
            f'[broker]\nhost = "127.0.0.1"\nport = {self.broker_port}\n'
            '[[job_type]]\nname = "add-numbers"\nhandler = "add-numbers"\n'
            f'[[job_type]]\nname = "add-program"\nargv = ["{folder}/add"]\nslots = 4\n')
        (folder / "add").write_text('#!/bin/sh\nread -r input\nprintf \'{"sum":3}\'\n')
        (folder / "add").chmod(0o755)
        self.worker = processes.start(binaries / "towline-worker", "--config",
                                      folder / "worker.toml",
                                      stderr=open(folder / "worker.log", "w"))
        for name, definition in MACHINES.items():
            path = folder / f"{name}.asl.json"
            path.write_text(json.dumps(definition))
            self.cli("machine", "create", name, path)
        end = time.time() + 20
        while '"ONLINE"' not in self.cli("workers", "--json"):
            if time.time() > end:
                raise SystemExit("the worker did not come online")
            time.sleep(0.1)

    def start_server(self):
        self.server = self.processes.start(
            self.binaries / "towline-server", "--plain", "--data", self.folder / "data", "--listen",
            f"127.0.0.1:{getattr(self, 'port', 0)}", "--broker", f"127.0.0.1:{self.broker_port}",
            "--log-level", "warning", stdout=subprocess.PIPE, text=True,
            stderr=open(self.folder / "server.log", "a"))
        line = self.server.stdout.readline()
        if not line.startswith("ready grpc="):
            raise SystemExit(f"the server did not start; see {self.folder}/server.log")
        self.port = int(line.strip().rpartition(":")[2])

    def cli(self, *argv):
        done = subprocess.run([self.binaries / "towline", "--server", f"localhost:{self.port}",
                               *map(str, argv)], capture_output=True, text=True,
                              env=self.environment)
        if done.returncode:
            raise SystemExit(f"towline {' '.join(map(str, argv))}: {done.stderr}")
        return done.stdout

    def load(self, *argv):
        done = subprocess.run([self.binaries / "towline-bench-load", self.address, *map(str, argv)],
                              capture_output=True, text=True, env=self.environment)
        if done.returncode:
            raise SystemExit(f"load {argv}: {done.stderr}")
        return json.loads(done.stdout)
