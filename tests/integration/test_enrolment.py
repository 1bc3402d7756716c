"""Workers that enrol: an invitation, a certificate, a first job; who is refused and with which
line; renewal; revocation, which locks out at once."""

import json
import os
import re
import subprocess
import time
import unittest

from harness import BIN, eventually
from secured import SecuredTest

ADD = {"StartAt": "Add", "States": {"Add": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 60,
    "Parameters": {"JobType": "add-numbers", "Payload.$": "$"}, "End": True}}}
SLEEP = {"StartAt": "Sleep", "States": {"Sleep": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 600,
    "Parameters": {"JobType": "sleep", "Payload": {}}, "End": True}}}
SLEEPER = '[[job_type]]\nname = "sleep"\nargv = ["sleep", "600"]\n'


class EnrolmentTest(SecuredTest):
    def invite(self, *more, code=0):
        done = self.as_user("ann", "worker", "invite", *more, code=code)
        return done.stdout.strip()

    def config(self, name):
        return self.on.folder / name / "worker.toml"

    def enrol(self, line, name, *more, code=0):
        """On the machine `name`, as its person would."""
        words = line.split()
        self.assertEqual(words[:2], ["towline-worker", "enrol"], line)
        done = subprocess.run(
            [str(BIN / "towline-worker"), *words[1:], "--config", str(self.config(name)),
             "--no-start", *more], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def refused(self, line, name, *words):
        done = self.enrol(line, name, "--name", name, code=1)
        self.assert_one_line(done.stderr, *words)

    def run_worker(self, name):
        worker = self.on.launch(f"worker-{name}", [
            BIN / "towline-worker", "--config", self.config(name)])
        self.await_state(name, "ONLINE")
        return worker

    def await_state(self, name, state):
        eventually(f"{name} is {state}", lambda: self.workers().get(name) == state)

    def create(self, name, definition):
        path = self.on.folder / f"{name}.json"
        path.write_text(json.dumps(definition))
        self.as_user("ann", "machine", "create", name, path)

    def test_from_an_invitation_to_the_first_job(self):
        self.secure()
        line = self.invite("--labels", "site=ams,line=2")
        began = time.monotonic()
        words = line.split()
        # As typed: no file is there, and it starts by itself.
        agent = self.on.launch("agent", [BIN / "towline-worker", *words[1:], "--name", "ams",
                                         "--config", self.config("ams")])
        agent.await_line(r"enrolled as ams of tenant default; the certificate is good until 20")
        self.await_state("ams", "ONLINE")
        self.create("add", ADD)
        done = self.as_user("ann", "start", "add", "--input", '{"a": 15, "b": 42}', "--wait")
        self.assertEqual(json.loads(done.stdout), {"sum": 57})
        print(f"from the invitation to the first result: {time.monotonic() - began:.1f} s")
        worker = self.as_user("ann", "worker", "describe", "ams", "--json").json
        self.assertEqual(worker["labels"], {"site": "ams", "line": "2"})
        identity = self.on.folder / "ams" / "towline-worker" / "identity"
        self.assertEqual((identity / "worker.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual(identity.stat().st_mode & 0o777, 0o700)
        shown = self.as_user("ann", "worker", "invitations", "--json").json["invitations"][0]
        self.assertEqual((shown["enrolled"], shown.get("usesLeft", 0)), (["ams"], 0))
        secret = line.rsplit(".", 1)[1]
        stored = b"".join(f.read_bytes() for f in self.on.data.rglob("*") if f.is_file())
        self.assertNotIn(secret.encode(), stored, "only its hash is kept")
        audit = self.as_user("ann", "audit", "--json").json["entries"]
        self.assertTrue(any(e.get("object") == "enrol ams" and e.get("allowed") for e in audit))

    def test_who_is_refused_learns_why_in_a_line(self):
        self.secure()
        line = self.invite()
        self.enrol(line, "ams", "--name", "ams")
        self.refused(line, "lej", "has been used as often as it may be")
        self.refused(self.invite(), "ams", "has enrolled already", "--again")
        done = self.enrol(self.invite(), "other", "--name", "ams", code=1)
        self.assert_one_line(done.stderr, "There is a worker 'ams' already", "--name", "revoke")
        self.refused(line[:-1] + ("0" if line[-1] != "0" else "1"), "lej", "does not know this")
        self.refused(self.invite("--name", "fra"), "lej", "is for worker 'fra' and not for 'lej'")
        # Another authority answers at the address.
        foreign = re.sub(r"/[0-9a-f]{64}/", f"/{'0' * 64}/", self.invite())
        self.refused(foreign, "lej", "is not the one of the invitation")
        withdrawn = self.invite()
        shown = self.as_user("ann", "worker", "invitations", "--json").json["invitations"]
        self.as_user("ann", "worker", "uninvite", shown[-1]["id"])
        self.refused(withdrawn, "lej", "does not know this invitation")
        self.as_user("ann", "worker", "uninvite", "nothing", code=3)
        for text in ("", "towline1/x/y/z", "towline2/a:1/b/c.d", "../../etc/passwd"):
            done = self.enrol("towline-worker enrol " + text, "lej", code=2)
            self.assert_one_line(done.stderr, "invitation")
        self.refused(re.sub(r"localhost:\d+", "localhost:1", self.invite()), "lej",
                     "cannot reach the server at localhost:1", "dial out")
        self.invite("--ttl", "1s", code=3)
        self.invite("--ttl", "soon", code=2)
        self.invite("--uses", "0", code=2)
        self.invite("--name", "No Name", code=3)
        self.certificate("user", "bob")
        self.as_user("ann", "access", "grant", "bob", "operator")
        self.as_user("bob", "worker", "invite", code=3)
        self.as_user("bob", "worker", "revoke", "ams", code=3)

    def test_a_clock_that_is_wrong_is_named(self):
        self.secure()
        faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
        if not os.path.exists(faketime):
            self.skipTest("no libfaketime here")
        line = self.invite()
        for shift in ("-3d", "+3d"):
            done = subprocess.run(
                [str(BIN / "towline-worker"), *line.split()[1:], "--config",
                 str(self.config("lej")), "--no-start", "--name", "lej"], capture_output=True,
                text=True, timeout=60, env={**os.environ, "LD_PRELOAD": faketime,
                                            "FAKETIME": shift})
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assert_one_line(done.stderr, "clock says", "set the one that is wrong")

    def test_asking_again_after_a_lost_answer_costs_nothing(self):
        self.secure()
        line = self.invite()
        self.enrol(line, "ams", "--name", "ams")
        # As if the answer had never come: the key is still the one it asked with.
        identity = self.on.folder / "ams" / "towline-worker" / "identity"
        (identity / "enrolment.toml").unlink()
        (identity / "worker.key").rename(identity / "worker.key.next")
        self.enrol(line, "ams", "--name", "ams")
        self.run_worker("ams")

    def test_revoked_is_locked_out_at_once(self):
        self.secure()
        self.enrol(self.invite(), "ams", "--name", "ams")
        with open(self.config("ams"), "a") as file:
            file.write(SLEEPER)
        agent = self.run_worker("ams")
        self.create("sleep", SLEEP)
        self.create("add", ADD)
        held = self.as_user("ann", "start", "sleep", "--json").json["executionArn"]
        eventually("the job runs", lambda: any(
            job["stage"] == "accepted" for job in self.as_user(
                "ann", "worker", "describe", "ams", "--json").json.get("holding", [])))
        self.as_user("ann", "worker", "revoke", "ams")
        self.assertEqual(self.workers()["ams"], "REVOKED")
        ended = eventually("the execution fails", lambda: self.ended(held))
        self.assertEqual(ended["error"], "Towline.WorkerLost")
        self.assertIn("revoked", ended["cause"])
        waiting = self.as_user("ann", "start", "add", "--input", '{"a": 1, "b": 2}',
                               "--json").json["executionArn"]
        time.sleep(1)
        self.assertFalse(self.ended(waiting), "it gets nothing any more")
        self.assertTrue(agent.running())
        done = subprocess.run([str(BIN / "towline-worker"), "renew", "--config",
                               str(self.config("ams"))], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "Worker 'default_ams' was revoked by an admin")
        # It holds after a restart of the server.
        self.on.server.stop()
        self.start_tls_server()
        time.sleep(1)
        self.assertFalse(self.ended(waiting))
        done = self.enrol(self.invite(), "second", "--name", "ams", code=1)
        self.assert_one_line(done.stderr, "A worker 'ams' was revoked", "--lift")
        # The broker gets the list, as the documentation says, and does not let it in again.
        agent.end()
        self.give_broker_the_list()
        self.as_user("ann", "worker", "revoke", "--lift", "ams")
        old = self.on.launch("worker-old", [BIN / "towline-worker", "--config",
                                            self.config("ams")])
        time.sleep(2)
        self.assertNotEqual(self.workers().get("ams"), "ONLINE")
        old.end()
        self.enrol(self.invite(), "second", "--name", "ams")
        self.on.launch("worker-second", [BIN / "towline-worker", "--config", self.config("second")])
        self.await_state("ams", "ONLINE")
        eventually("its job is done", lambda: self.ended(waiting))

    def list_of(self, certificate):
        """A revocation list with this one certificate."""
        folder = self.on.folder / "list"
        folder.mkdir()
        (folder / "one.crt").write_text(certificate)
        serial = subprocess.run(["openssl", "x509", "-in", "one.crt", "-noout", "-serial"],
                                cwd=folder, check=True, capture_output=True,
                                text=True).stdout.strip().split("=")[1]
        (folder / "index").write_text(
            f"R\t400101000000Z\t260101000000Z\t{serial}\tunknown\t/CN=x\n")
        (folder / "number").write_text("01\n")
        (folder / "ca.conf").write_text(
            "[ca]\ndefault_ca = x\n[x]\ndatabase = index\ncrlnumber = number\n"
            "default_md = sha256\ndefault_crl_days = 30\n")
        pki = self.on.data / "pki"
        subprocess.run(["openssl", "ca", "-gencrl", "-config", "ca.conf", "-keyfile",
                        pki / "ca.key", "-cert", pki / "ca.crt", "-out", "one.crl"], cwd=folder,
                       check=True, capture_output=True)
        return folder / "one.crl"

    def ended(self, execution):
        answer = self.as_user("ann", "describe", execution, "--json").json
        return answer if answer["status"] != "RUNNING" else None

    def test_a_certificate_renews_itself_without_a_new_connection(self):
        self.secure()
        self.enrol(self.invite(), "ams", "--name", "ams")
        agent = self.run_worker("ams")
        certificate = self.on.folder / "ams" / "towline-worker" / "identity" / "worker.crt"
        before = certificate.read_text()
        done = subprocess.run([str(BIN / "towline-worker"), "renew", "--config",
                               str(self.config("ams"))], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the new certificate is good until 20", done.stdout)
        self.assertNotEqual(certificate.read_text(), before)
        self.assertEqual(agent.stderr().count("broker_connected"), 1)
        # It shows the new one when it connects again: the broker refuses the old one by now.
        self.give_broker_the_list(self.list_of(before))
        self.on.broker.stop()
        self.start_tls_broker()
        eventually("it is back", lambda: agent.stderr().count("broker_connected") == 2)
        self.await_state("ams", "ONLINE")

    def test_an_authority_of_ones_own(self):
        folder = self.on.folder / "own"
        folder.mkdir()
        for command in (
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
                 "-subj", "/CN=Plant root", "-days", "30", "-addext",
                 "keyUsage=critical,keyCertSign,cRLSign"],
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key", "-out", "leaf.crt",
                 "-subj", "/CN=leaf", "-days", "30", "-addext",
                 "basicConstraints=critical,CA:FALSE"]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        wrong = self.towline_server("init-ca", "--data", self.on.data, "--certificate",
                                    folder / "leaf.crt", "--key", folder / "leaf.key", code=1)
        self.assert_one_line(wrong.stderr, "it may not sign others")
        wrong = self.towline_server("init-ca", "--data", self.on.data, "--certificate",
                                    folder / "ca.crt", "--key", folder / "leaf.key", code=1)
        self.assert_one_line(wrong.stderr, "does not belong to the certificate")
        self.secure("--certificate", folder / "ca.crt", "--key", folder / "ca.key")
        self.enrol(self.invite(), "ams", "--name", "ams")
        self.run_worker("ams")


if __name__ == "__main__":
    unittest.main()
