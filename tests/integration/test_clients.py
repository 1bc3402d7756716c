"""Other people's clients: the examples with a plain MQTT client and a gRPC client, in Python."""

import subprocess
import sys
import unittest

from harness import SOURCE, IntegrationTest

EXAMPLE = SOURCE / "examples/plain-clients"

try:
    import grpc  # noqa: F401
    import paho.mqtt.client  # noqa: F401
    PYTHON = sys.executable
except ImportError:  # another Python than the packages'
    PYTHON = "/usr/bin/python3"


def has_packages():
    return subprocess.run([PYTHON, "-c", "import grpc, paho.mqtt.client, google.protobuf"],
                          check=False, capture_output=True).returncode == 0


@unittest.skipUnless(has_packages(), "python3-paho-mqtt, python3-grpcio, python3-protobuf missing")
class PlainClientsTest(IntegrationTest):
    def watch(self, value, machine="plain-clients"):
        return subprocess.run(
            [PYTHON, "-B", EXAMPLE / "watch.py", "--server", self.on.address, "--machine", machine,
             value], capture_output=True, text=True, timeout=100, check=False)

    def test_a_plain_mqtt_client_does_the_work_and_a_grpc_client_watches(self):
        self.on.start_broker()
        self.on.start_server()
        worker = self.on.launch("plain", [PYTHON, "-B", EXAMPLE / "mqtt_worker.py", "--port",
                                          self.on.broker_port])
        worker.await_line("^connected$")
        done = self.watch('{"a": 15, "b": 42}')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("started arn:"), lines)
        self.assertEqual(lines[1], "1 ExecutionStarted")
        self.assertIn("TaskSucceeded", done.stdout)
        self.assertEqual(lines[-1], 'EXECUTION_STATUS_SUCCEEDED {"sum":57}')
        worker.await_line("^the server says recorded$")
        failed = self.watch('{"a": 15, "b": "x"}')
        self.assertEqual(failed.returncode, 1)
        self.assertIn("Plain.BadInput", failed.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
