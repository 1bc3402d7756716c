"""TLS everywhere, with certificates of the built-in authority and the broker's configuration as
towline-server writes it: what works, and who is refused."""

import json
import shutil
import subprocess
import time
import unittest

from harness import BIN, eventually
from secured import SecuredTest

ADD = {"StartAt": "Add", "States": {"Add": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 60,
    "Parameters": {"JobType": "add-numbers", "Payload.$": "$"}, "End": True}}}
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


class TlsTest(SecuredTest):
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
        check = ("auth", "check", "executions:start", "--principal", "bob", "--machine")
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

    def test_the_first_start_makes_what_it_needs(self):
        server = self.on.launch("server", [
            BIN / "towline-server", "--data", self.on.data, "--listen", "127.0.0.1:0", "--broker",
            "127.0.0.1:1"])
        address = server.await_line(r"^ready grpc=(\S+)$").group(1)
        pki = self.on.data / "pki"
        call = [BIN / "towline", "--server", address, "machine", "list"]
        refused = subprocess.run(call, capture_output=True, text=True, timeout=60)
        self.assertEqual(refused.returncode, 4, "not without TLS")
        self.assertIn("does it speak TLS? then give --ca", refused.stderr)
        mine = ["--ca", pki / "ca.crt", "--certificate", pki / "admin.crt", "--key",
                pki / "admin.key"]
        subprocess.run([*call, *mine], check=True, capture_output=True, timeout=60)
        before = (pki / "ca.crt").read_text()
        self.assertEqual(server.stop()[0], 0)
        again = self.on.launch("server", [
            BIN / "towline-server", "--data", self.on.data, "--listen", "127.0.0.1:0", "--broker",
            "127.0.0.1:1"])
        again.await_line(r"^ready grpc=(\S+)$")
        self.assertEqual((pki / "ca.crt").read_text(), before)

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
        file.write_text(f'data = "{self.on.folder}/plain"\nlisten = "0.0.0.0:0"\nplain = true\n')
        done = self.towline_server("--config", file, code=1)
        self.assert_one_line(done.stderr, "only loopback addresses", "--plain")


if __name__ == "__main__":
    unittest.main()
