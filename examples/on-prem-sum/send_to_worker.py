#!/usr/bin/env python3
"""The worker's side of AWS's sample: adds Input.a and Input.b and answers by task token.

The state ends with the answer to its token, not with this program; if the program fails before it
has answered, the task fails with what stands on standard error.
"""

import json
import os
import subprocess
import sys

job = json.load(sys.stdin)
result = job["Input"]["a"] + job["Input"]["b"]
agent = os.environ.get("TOWLINE_AGENT", "towline-worker")  # the program that started this one
sys.exit(subprocess.run(
    [agent, "complete", "--token", job["TaskToken"],
     "--output", json.dumps({"result": result})], check=False).returncode)
