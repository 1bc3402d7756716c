#!/usr/bin/env python3
"""A job under the control of a test: says that it began, waits for a gate, adds two numbers.

usage: gated_sum.py FOLDER
Appends "KEY ATTEMPT PID" to FOLDER/begun and to FOLDER/ended, and waits for FOLDER/gate in between.
Input {"a", "b", "key", "seconds"?}: with `seconds` it waits that long instead of for the gate.
"""

import json
import os
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
job = json.load(sys.stdin)


def note(file):
    line = f"{job.get('key', '-')} {os.environ['TOWLINE_ATTEMPT']} {os.getpid()}\n"
    with open(folder / file, "a", encoding="ascii") as out:
        out.write(line)
        out.flush()
        os.fsync(out.fileno())


def progress(percent):
    try:
        os.write(3, json.dumps({"percent": percent, "message": "waiting"}).encode() + b"\n")
    except OSError:
        pass  # nobody listens any more


note("begun")
deadline = time.monotonic() + job.get("seconds", 120)
while time.monotonic() < deadline and ("seconds" in job or not (folder / "gate").exists()):
    progress(50)
    time.sleep(0.05)
note("ended")
print(json.dumps({"sum": job["a"] + job["b"]}))
