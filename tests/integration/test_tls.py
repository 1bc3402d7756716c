"""TLS everywhere, with certificates of the built-in authority and the broker's configuration as
towline-server writes it: what works, and who is refused."""

import json
import os
import shutil
import subprocess
import time
import unittest

from harness import BIN, Answer, IntegrationTest, eventually, port_is_open

ADD = {"StartAt": "Add", "States": {"Add": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 60,
    "Parameters": {"JobType": "add-numbers", "Payload.$": "$"}, "End": True}}}
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TYPES = '[[job_type]]\nname = "add-numbers"\nhandler = "add-numbers"\n'


class TlsTest(IntegrationTest):
    def towline_server(self, *arguments, code=0):
        done = subprocess.run([str(BIN / "towline-server"), *map(str, arguments)],
                              capture_output=True, text=True, cwd=self.on.folder, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def certificate(self, what, name, *more, code=0):
        return self.towline_server("certificate", what, name, "--data", self.on.data, "--out",
                                   self.on.folder / "certs", *more, code=code)

    def secure(self):
        """An authority, a broker and a server that use it, and a certificate of the user ann."""
        self.towline_server("init-ca", "--data", self.on.data)
        self.towline_server("broker-config", "--data", self.on.data, "--out", "broker")
        configuration = self.on.folder / "broker" / "mosquitto.conf"
        text = configuration.read_text().replace("listener 8883",
                                                 f"listener {self.on.broker_port} 127.0.0.1")
        if os.getuid() == 0:
            text += "user root\n"
        configuration.write_text(text)
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        self.on.launch("broker", [mosquitto, "-c", configuration])
        eventually("the broker listens", lambda: port_is_open(self.on.broker_port))
        file = self.on.folder / "server.toml"
        file.write_text(f'data = "{self.on.data}"\nlisten = "0.0.0.0:0"\n'
                        f'[access]\nadmins = ["ann"]\n[broker]\n'
                        f'port = {self.on.broker_port}\ntls = true\n')
        server = self.on.launch("server", [BIN / "towline-server", "--config", file])
        match = server.await_line(r"^ready grpc=(\S+)$")
        self.on.address = match.group(1)
        self.certificate("user", "ann")

    def as_user(self, name, *arguments, code=0):
        certs = self.on.folder / "certs"
        done = subprocess.run(
            [str(BIN / "towline"), "--server", self.on.address, *map(str, arguments)],
            capture_output=True, text=True, timeout=60, cwd=self.on.folder, env={
                **os.environ, "TOWLINE_CA": str(certs / "ca.crt"),
                **({"TOWLINE_CERTIFICATE": str(certs / f"{name}.crt"),
                    "TOWLINE_KEY": str(certs / f"{name}.key")} if name else {})})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return Answer(done)

    def start_worker(self, name, principal, tenant="default"):
        certs = self.on.folder / "certs"
        path = self.on.folder / f"{name}.toml"
        path.write_text(
            f'tenant = "{tenant}"\nname = "{name}"\nstate = "{self.on.folder}/worker-{name}"\n'
            f'[broker]\nhost = "127.0.0.1"\nport = {self.on.broker_port}\nca = "{certs}/ca.crt"\n'
            f'certificate = "{certs}/{principal}.crt"\nkey = "{certs}/{principal}.key"\n{TYPES}')
        return self.on.launch(f"worker-{name}", [BIN / "towline-worker", "--config", path])

    def workers(self):
        return {w["name"]: w["state"] for w in self.as_user("ann", "workers", "--json").json[
            "workers"]}

    def test_a_job_goes_its_way(self):
        self.secure()
        self.certificate("worker", "default_ams")
        self.start_worker("ams", "default_ams")
        eventually("the worker is online", lambda: self.workers().get("ams") == "ONLINE")
        path = self.on.folder / "add.json"
        path.write_text(json.dumps(ADD))
        self.as_user("ann", "machine", "create", "add", path)
        done = self.as_user("ann", "start", "add", "--input", '{"a": 15, "b": 42}', "--wait")
        self.assertEqual(json.loads(done.stdout), {"sum": 57})

    def test_who_cannot_say_who_he_is_does_nothing(self):
        self.secure()
        refused = self.as_user(None, "machine", "list", code=3)
        self.assertIn("UnrecognizedClientException: This server wants to know who calls",
                      refused.stderr)
        self.certificate("worker", "default_ams")
        refused = self.as_user("default_ams", "machine", "list", code=3)
        self.assertIn("AccessDeniedException: The certificate of 'default_ams' is not for a user",
                      refused.stderr)
        self.as_user("ann", "machine", "list")
        # Without TLS, and trusting somebody else.
        plain = subprocess.run([str(BIN / "towline"), "--server", self.on.address, "machine",
                                "list"], capture_output=True, text=True, timeout=60)
        self.assertEqual(plain.returncode, 4, plain.stderr)
        self.towline_server("init-ca", "--data", "other")
        self.towline_server("certificate", "user", "ann", "--data", "other", "--out", "foreign")
        certs, foreign = self.on.folder / "certs", self.on.folder / "foreign"
        for name in ("ann.crt", "ann.key"):
            shutil.copy(foreign / name, certs / f"false-{name}")
        self.as_user("false-ann", "machine", "list", code=4)
        shutil.copy(foreign / "ca.crt", certs / "ca.crt")
        self.as_user("ann", "machine", "list", code=4)

    def test_a_user_may_do_what_he_was_granted(self):
        self.secure()
        self.certificate("user", "bob")
        path = self.on.folder / "add.json"
        path.write_text(json.dumps(PASS))
        self.as_user("ann", "machine", "create", "nightly-sum", path)
        denied = self.as_user("bob", "start", "nightly-sum", code=3)
        self.assertIn("User 'bob' is not authorized to perform executions:start: needs to be "
                      "starter, operator or admin in tenant default", denied.stderr)
        self.as_user("bob", "access", "grant", "bob", "admin", code=3)
        self.as_user("ann", "access", "grant", "bob", "starter", "--machines", "nightly-")
        self.as_user("bob", "start", "nightly-sum", "--wait")
        self.as_user("bob", "stop", "nightly-sum/x", code=3)
        self.assertRegex(self.as_user("ann", "access", "list").stdout,
                         r"bob +starter +default +nightly-…")
        check = ("access", "check", "executions:start", "--principal", "bob", "--machine")
        self.assertIn("allowed: starter in tenant default",
                      self.as_user("ann", *check, "nightly-sum").stdout)
        self.assertIn("denied: needs to be", self.as_user("ann", *check, "x", code=1).stdout)
        self.as_user("ann", "access", "revoke", "bob", "starter", "--machines", "nightly-")
        self.as_user("bob", "start", "nightly-sum", code=3)

    def test_a_token_instead_of_a_certificate(self):
        self.secure()
        self.as_user("ann", "access", "grant", "robot", "viewer")
        made = self.as_user("ann", "token", "create", "robot", "--life", "1h")
        file = self.on.folder / "token"
        file.write_text(made.stdout)
        self.as_user(None, "machine", "list", "--token-file", file)
        denied = self.as_user(None, "machine", "delete", "x", "--token-file", file, code=3)
        self.assertIn("User 'robot' is not authorized to perform machines:change", denied.stderr)
        token = self.as_user("ann", "token", "list", "--json").json["tokens"][0]
        self.assertEqual(token["principal"], "robot")
        self.assertNotIn(made.stdout.strip(), json.dumps(token))
        secret = made.stdout.strip().encode()
        stored = b"".join(f.read_bytes() for f in self.on.data.rglob("*.db*"))
        self.assertNotIn(secret, stored, "only its hash is kept")
        self.as_user("ann", "token", "revoke", token["id"])
        denied = self.as_user(None, "machine", "list", "--token-file", file, code=3)
        self.assertIn("UnrecognizedClientException", denied.stderr)
        self.as_user("ann", "token", "create", "robot", "--life", "soon", code=2)

    def test_a_worker_is_who_its_certificate_says(self):
        self.secure()
        self.certificate("worker", "default_ams")
        self.certificate("worker", "acme_ams")
        self.certificate("user", "bob")
        false = [self.start_worker("lej", "default_ams"),     # another's name
                 self.start_worker("fra", "acme_ams"),        # another tenant's
                 self.start_worker("mad", "bob")]             # no worker's
        self.start_worker("ams", "default_ams")
        eventually("the worker is online", lambda: self.workers().get("ams") == "ONLINE")
        time.sleep(2)
        self.assertEqual(list(self.workers()), ["ams"])
        for worker in false:
            self.assertTrue(worker.running(), "it goes on trying, and says why")

    def test_certificates_are_made_with_care(self):
        self.towline_server("init-ca", "--data", self.on.data)
        for name in ("ca.key", "server.key"):
            self.assertEqual((self.on.data / "pki" / name).stat().st_mode & 0o777, 0o600)
        before = (self.on.data / "pki" / "ca.key").read_text()
        done = self.towline_server("init-ca", "--data", self.on.data, code=1)
        self.assert_one_line(done.stderr, "there is an authority", "nothing was changed")
        self.assertEqual((self.on.data / "pki" / "ca.key").read_text(), before)
        self.certificate("user", "ann")
        done = self.certificate("user", "ann", code=1)
        self.assert_one_line(done.stderr, "ann.key is there already")
        for what, name, why in (("worker", "ams", "write TENANT_NAME"),
                                ("user", "default_ams", "cannot be in a certificate"),
                                ("worker", "A_b", "write TENANT_NAME")):
            self.assert_one_line(self.certificate(what, name, code=1).stderr, why)
        self.assert_one_line(self.certificate("dog", "rex", code=2).stderr, "not for 'dog'")
        self.assert_one_line(self.certificate("user", "x", "--days", "0", code=2).stderr, "--days")
        done = self.towline_server("certificate", "user", "x", "--data", "nowhere", code=1)
        self.assert_one_line(done.stderr, "init-ca")

    def test_a_server_with_bad_files_says_which(self):
        self.towline_server("init-ca", "--data", self.on.data)
        pki = self.on.data / "pki"
        file = self.on.folder / "server.toml"
        for tls, why in (
                (f'ca = "{pki}/ca.crt"\ncertificate = "{pki}/server.crt"\nkey = "{pki}/ca.key"\n',
                 "the private key does not belong to the certificate"),
                (f'ca = "{pki}/ca.crt"\ncertificate = "gone"\nkey = "{pki}/ca.key"\n',
                 "tls.certificate: cannot read gone"),
                (f'certificate = "{pki}/server.crt"\nkey = "{pki}/server.key"\n', "tls.ca")):
            file.write_text(f'data = "{self.on.data}"\nlisten = "127.0.0.1:0"\n[tls]\n{tls}')
            done = self.towline_server("--config", file, code=1)
            self.assert_one_line(done.stderr, why)
        file.write_text(f'data = "{self.on.folder}/plain"\nlisten = "0.0.0.0:0"\n')
        done = self.towline_server("--config", file, code=1)
        self.assert_one_line(done.stderr, "only loopback addresses", "init-ca")


if __name__ == "__main__":
    unittest.main()
