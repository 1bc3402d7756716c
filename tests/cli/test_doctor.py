"""towline doctor against a server and real brokers: a plain one, one with the access rules that
towline-server writes, one far away, and some that lack what the job protocol needs."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import BIN, IntegrationTest, eventually, free_port, port_is_open  # noqa: E402
from links import SlowLink  # noqa: E402

PLAIN = "allow_anonymous true\nset_tcp_nodelay true\npersistence false\n"


class DoctorTest(IntegrationTest):
    def broker(self, text=PLAIN, listener="listener {} 127.0.0.1\n"):
        port = free_port()
        path = self.on.folder / f"mosquitto-{port}.conf"
        user = "user root\n" if os.getuid() == 0 else ""
        path.write_text(listener.format(port) + text + user)
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        if mosquitto is None:
            self.fail("no mosquitto on this machine: scripts/install-packages")
        self.on.launch("broker", [mosquitto, "-c", path])
        eventually("the broker listens", lambda: port_is_open(port))
        return port

    def doctor(self, port, *more, code=0):
        done = subprocess.run([str(BIN / "towline"), "--json", "doctor", "--broker",
                               f"127.0.0.1:{port}", *map(str, more)],
                              capture_output=True, text=True, timeout=120, cwd=self.on.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual(told["broker"], f"127.0.0.1:{port}")
        for check in told["checks"]:
            self.assertEqual(check["advice"] == "", check["result"] == "ok", check)
        return {check["check"]: check for check in told["checks"]}

    def results(self, checks):
        return {name: check["result"] for name, check in checks.items()}

    def test_a_plain_broker_does_all_but_keep_workers_apart(self):
        checks = self.doctor(self.broker(), "--user", "acme_ams", code=1)
        self.assertEqual(self.results(checks), {
            "connection": "ok", "version": "ok", "round-trip": "ok", "packet-size": "ok",
            "retained": "ok", "will": "ok", "expiry": "ok", "foreign-topic": "fail"})
        self.assertEqual(checks["version"]["what"], "MQTT 5")
        self.assertIn("acme_ams may read and write", checks["foreign-topic"]["what"])

    def test_the_broker_as_towline_sets_it_up_passes_everything(self):
        def server(*arguments):
            subprocess.run([str(BIN / "towline-server"), *map(str, arguments)], check=True,
                           capture_output=True, cwd=self.on.folder, timeout=60)
        data = ("--data", self.on.data)
        server("init-ca", *data)
        server("broker-config", *data, "--out", "broker")
        server("certificate", "worker", "acme_ams", *data, "--out", "certs", "--days", 10)
        text = (self.on.folder / "broker/mosquitto.conf").read_text()
        port = self.broker(text.replace("listener 8883\n", ""))
        certs = self.on.folder / "certs"
        trust = ("--ca", certs / "ca.crt")
        checks = self.doctor(port, *trust, "--certificate", certs / "acme_ams.crt", "--key",
                             certs / "acme_ams.key")
        self.assertEqual(checks["certificate"]["result"], "warn")  # ten days are few
        del checks["certificate"]
        self.assertEqual(set(self.results(checks).values()), {"ok"})
        self.assertRegex(checks["foreign-topic"]["what"], "^writing to the topics of other.* refu")
        self.assertIn("1048576", checks["packet-size"]["what"])
        self.assertEqual(self.doctor(port, *trust, code=4)["connection"]["result"], "fail")
        self.assertEqual(self.doctor(port, code=4)["connection"]["result"], "fail")

    def test_a_broker_far_away_is_worth_a_warning(self):
        link = SlowLink(self.broker(), 0.05)
        self.addCleanup(link.close)
        checks = self.doctor(link.port, code=1)
        self.assertEqual(checks["round-trip"]["result"], "warn")
        self.assertIn("set_tcp_nodelay", checks["round-trip"]["advice"])
        self.assertEqual(checks["will"]["result"], "ok")

    def test_what_a_broker_lacks_is_told(self):
        checks = self.doctor(self.broker(PLAIN + "max_packet_size 50000\n"), code=1)
        self.assertEqual(checks["packet-size"]["result"], "fail")
        self.assertIn("50000", checks["packet-size"]["what"])
        self.assertEqual(checks["will"]["result"], "ok")
        checks = self.doctor(self.broker(PLAIN + "retain_available false\n"), code=1)
        self.assertEqual(checks["retained"]["result"], "fail")
        rules = self.on.folder / "rules"
        rules.write_text("topic read #\n")
        checks = self.doctor(self.broker(PLAIN + f"acl_file {rules}\n"), code=1)
        self.assertEqual(checks["round-trip"]["result"], "fail")
        self.assertIn("the right to read and write", checks["round-trip"]["advice"])

    def test_nobody_there(self):
        checks = self.doctor(free_port(), code=4)
        self.assertEqual(self.results(checks), {"connection": "fail"})
        done = subprocess.run([str(BIN / "towline"), "doctor", "--broker", "nonsense"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)

    def test_the_server(self):
        def ask(code):
            answer = self.on.cli("doctor", "--json", check=False)
            self.assertEqual(answer.code, code, answer.stdout + answer.stderr)
            return self.results({check["check"]: check for check in answer.json["checks"]})
        self.on.start_broker()
        self.on.start_server()
        eventually("the server has its broker", lambda: self.on.cli(
            "doctor", check=False).code == 0)
        found = ask(0)
        self.assertIn(found.pop("disk-space"), ("ok", "warn"))  # of whoever runs the test
        self.assertIn(found.pop("round-trip"), ("ok", "warn"))
        self.assertEqual(found, dict.fromkeys(
            ("connection", "version", "broker-link", "clock", "refused"), "ok"))
        self.on.broker.stop()
        eventually("it is missed", lambda: self.on.cli("doctor", check=False).code == 1)
        self.assertEqual(ask(1)["broker-link"], "fail")
        self.on.server.stop()
        self.assertEqual(ask(4), {"connection": "fail"})

    def test_people_get_a_line_for_each_check(self):
        done = subprocess.run(
            [str(BIN / "towline"), "doctor", "--broker", f"127.0.0.1:{self.broker()}"],
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1, done.stderr)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^ok   connection +127\.0\.0\.1:\d+ lets default_doctor in")
        self.assertRegex(lines[-2], r"^FAIL foreign-topic ")
        self.assertIn("broker-config", lines[-1])


if __name__ == "__main__":
    unittest.main()
