#!/usr/bin/env python3
"""A gRPC client with stubs generated from proto/towline/v1: starts an execution and watches it.

Prints each event of the history as it happens, then the status and the output. Exit code 0 when
the execution has succeeded.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent


def generate_stubs(folder):
    """What one would do once, and keep."""
    protos = sorted((SOURCE / "proto/towline/v1").glob("*.proto"))
    plugin = shutil.which("grpc_python_plugin")
    subprocess.run(["protoc", f"-I{SOURCE}", f"--python_out={folder}", f"--grpc_out={folder}",
                    f"--plugin=protoc-gen-grpc={plugin}", *map(str, protos)],
                   check=True)
    sys.path.insert(0, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="127.0.0.1:7233")
    parser.add_argument("--machine", default="plain-clients")
    parser.add_argument("input", help="JSON")
    options = parser.parse_args()
    folder = tempfile.TemporaryDirectory()
    generate_stubs(folder.name)
    from proto.towline.v1 import executions_pb2, executions_pb2_grpc
    from proto.towline.v1 import state_machines_pb2, state_machines_pb2_grpc

    channel = grpc.insecure_channel(options.server)
    machines = state_machines_pb2_grpc.StateMachinesStub(channel)
    machines.Create(state_machines_pb2.CreateStateMachineRequest(
        name=options.machine, definition=(HERE / "workflow.asl.json").read_text()), timeout=20)
    executions = executions_pb2_grpc.ExecutionsStub(channel)
    started = executions.Start(executions_pb2.StartExecutionRequest(
        state_machine=options.machine, input=options.input), timeout=20)
    print(f"started {started.execution_arn}", flush=True)
    for news in executions.Watch(
            executions_pb2.WatchExecutionRequest(execution=started.execution_arn), timeout=120):
        what = news.WhichOneof("what")
        if what == "event":
            print(f"{news.event.id} {news.event.type}", flush=True)
        elif what == "ended":
            status = executions_pb2.ExecutionStatus.Name(news.ended.status)
            print(status, news.ended.output or f"{news.ended.error}: {news.ended.cause}")
            return 0 if news.ended.status == executions_pb2.EXECUTION_STATUS_SUCCEEDED else 1
    return 1


if __name__ == "__main__":
    sys.exit(main())
