"""Attacks on the HTTPS door, one test a row: certificates of everybody who must not, invitations
that are none, requests that no agent would send. Nothing changes, and the door goes on."""

import datetime
import hashlib
import json
import socket
import subprocess
import unittest

from site_under_attack import Site, rows

SITE = None


def setUpModule():
    global SITE
    SITE = Site()


def tearDownModule():
    SITE.on.close(failed=False)


class DoorTest(unittest.TestCase):
    def setUp(self):
        self.before = SITE.digest()
        self.issued = self.certificates()

    def certificates(self):
        return (SITE.on.data / "pki" / "issued").read_text()

    def tearDown(self):
        self.assertEqual(SITE.digest(), self.before)
        self.assertEqual(self.certificates(), self.issued, "a certificate was signed")
        self.assertEqual(SITE.https("GET", "/v1/authority")[0], 200)


@rows({"nobody": (None, 403), "another authority": ("false-acme_ams", None),
       "an expired certificate": ("acme_late", None), "a user": ("ann", 403)})
class RenewTest(DoorTest):
    def attack(self, who, status):
        answer = SITE.https("POST", "/v1/renew", b'{"request":"x"}', who)
        self.assertEqual(answer and answer[0], status, answer)


DEEP = b"[" * 50_000
NOW = "2026-01-01T00:00:00Z"


@rows({
    "no body": (b"", 400), "half an object": (b"{", 400), "a list": (b"[]", 400),
    "deep lists": (DEEP, 400), "deep objects": (b'{"a":' * 5_000, 400),
    "not UTF-8": (b'{"invitation":"\xff"}', 400), "200 KB": (b"x" * 200_000, 413),
    "no time": (b'{"invitation":"a.b"}', 400),
    "a time that is none": (b'{"invitation":"a.b","now":"today"}', 400),
    "an unknown invitation": (json.dumps({"invitation": "a.b", "now": NOW}).encode(), 403),
    "a wildcard for an invitation": (json.dumps({"invitation": "%.%", "now": NOW}).encode(), 403),
    "SQL for an invitation": (json.dumps(
        {"invitation": "' OR '1'='1.x", "now": NOW}).encode(), 403),
    "wrong types": (b'{"invitation":1,"name":[],"request":{},"now":"2026-01-01T00:00:00Z"}', 403)})
class EnrolTest(DoorTest):
    def attack(self, body, status):
        denials = SITE.denials()
        answer = SITE.https("POST", "/v1/enrol", body)
        self.assertEqual(answer and answer[0], status, answer)
        self.assertIn("message", json.loads(answer[1]))
        if status == 403:
            self.assertGreater(SITE.denials(), denials, "it stands in the audit log")


class InvitationTest(unittest.TestCase):
    """With a real invitation: what it is not good for."""

    def invite(self, *more, tenant="acme"):
        line = SITE.cli("ann", "worker", "invite", *more, tenant=tenant, code=0).stdout.decode()
        return line.split()[-1].rsplit("/", 1)[1]

    def request_for(self, name="x"):
        key = SITE.folder / "door.key"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
                        f"/CN={name}/OU=server", "-out", SITE.folder / "door.csr"], check=True,
                       capture_output=True)
        return (SITE.folder / "door.csr").read_text()

    def enrol(self, invitation, name, request, now=None):
        now = now or datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        status, body = SITE.https("POST", "/v1/enrol", json.dumps(
            {"invitation": invitation, "name": name, "request": request, "now": now}))
        return status, json.loads(body)

    def test_a_name_is_a_name(self):
        secret = self.invite("--uses", "2")
        for name in ("", "../x", "a_b", "A", "-a", "x" * 32, "a.b", "a b", "acme_ams", "\0"):
            status, body = self.enrol(secret, name, self.request_for())
            self.assertEqual((status, body["error"]), (403, "InvalidName"), name)

    def test_a_name_that_is_taken_is_taken(self):
        status, body = self.enrol(self.invite(), "ams", self.request_for())
        self.assertEqual((status, body["error"]), (403, "NameTaken"))

    def test_the_certificate_is_for_the_invitations_tenant_whatever_is_asked(self):
        status, body = self.enrol(self.invite(), "fresh", self.request_for("other_mill"))
        self.assertEqual(status, 200, body)
        self.assertEqual((body["tenant"], body["name"]), ("acme", "fresh"))
        (SITE.folder / "door.crt").write_text(body["certificate"])
        shown = subprocess.run(["openssl", "x509", "-in", SITE.folder / "door.crt", "-noout",
                                "-subject", "-ext", "basicConstraints,extendedKeyUsage"],
                               check=True, capture_output=True, text=True).stdout
        self.assertRegex(shown, r"OU ?= ?worker, ?CN ?= ?acme_fresh")
        self.assertIn("CA:FALSE", shown)
        self.assertNotIn("Server Authentication", shown)

    def test_a_request_that_is_none_costs_nothing(self):
        secret = self.invite()
        bad = self.request_for().replace("A", "B", 3)
        for request in ("", "x", bad, "-----BEGIN CERTIFICATE REQUEST-----\n"):
            status, body = self.enrol(secret, "spare", request)
            self.assertEqual((status, body["error"]), (403, "InvalidRequest"))
        self.assertEqual(self.enrol(secret, "spare", self.request_for())[0], 200)

    def test_used_is_used(self):
        secret = self.invite()
        self.assertEqual(self.enrol(secret, "first", self.request_for())[0], 200)
        status, body = self.enrol(secret, "second", self.request_for())
        self.assertEqual((status, body["error"]), (403, "InvitationUsed"))
        # The same name with another key is somebody else.
        status, body = self.enrol(secret, "first", self.request_for())
        self.assertEqual((status, body["error"]), (403, "NameTaken"))

    def test_a_time_far_off_is_refused(self):
        status, body = self.enrol(self.invite(), "late", self.request_for(), NOW)
        self.assertEqual((status, body["error"]), (403, "ClockSkew"))

    def test_revoked_is_not_renewed(self):
        status, body = self.enrol(self.invite(), "gone", self.request_for())
        self.assertEqual(status, 200, body)
        (SITE.certs / "gone.crt").write_text(body["certificate"])
        (SITE.certs / "gone.key").write_text((SITE.folder / "door.key").read_text())
        request = json.dumps({"request": self.request_for()})
        self.assertEqual(SITE.https("POST", "/v1/renew", request, "gone")[0], 200)
        SITE.cli("ann", "worker", "revoke", "gone", code=0)
        answer = SITE.https("POST", "/v1/renew", request, "gone")
        self.assertEqual((answer[0], json.loads(answer[1])["error"]), (403, "WorkerRevoked"))


HASH = "0123456789abcdef" * 4
WHOLE = {"content-range": "bytes 0-2/3"}


@rows({
    "nobody reads": ("GET", HASH, None, {}, 403), "nobody writes": ("PUT", HASH, None, WHOLE, 403),
    "nobody looks": ("HEAD", HASH, None, {}, 403), "a user": ("GET", HASH, "ann", {}, 403),
    "another authority": ("PUT", HASH, "false-acme_ams", WHOLE, None),
    "an expired certificate": ("GET", HASH, "acme_late", {}, None),
    "a path up": ("GET", "../../../../etc/passwd", "acme_ams", {}, 400),
    "a name that is no hash": ("PUT", "A" * 64, "acme_ams", WHOLE, 400),
    "a part of another's upload": ("GET", HASH + ".part", "acme_ams", {}, 400),
    "no range": ("PUT", HASH, "acme_ams", {}, 400),
    "a range that is none": ("PUT", HASH, "acme_ams", {"content-range": "bytes 5-2/3"}, 400),
    "more than was said": ("PUT", HASH, "acme_ams", {"content-range": "bytes 0-0/1"}, 400),
    "an offset that is not there": ("PUT", HASH, "acme_ams", {"content-range": "bytes 5-7/8"}, 409),
    "another content": ("PUT", HASH, "acme_ams", WHOLE, 400),
    "more than the quota": ("PUT", HASH, "acme_ams",
                            {"content-range": "bytes 0-2/99999999999999"}, 413),
    "what is not there": ("GET", HASH, "acme_ams", {}, 404),
    "a deletion": ("DELETE", HASH, "acme_ams", {}, 404)})
class PayloadTest(DoorTest):
    def attack(self, method, name, who, headers, status):
        body = b"abc" if method == "PUT" else b""
        answer = SITE.https(method, "/v1/payloads/" + name, body, who, headers)
        self.assertEqual(answer and answer[0], status, answer)
        self.assertEqual(SITE.https("GET", "/v1/payloads/" + HASH, who="acme_ams")[0], 404)


class ForeignPayloadTest(DoorTest):
    def test_another_tenant_does_not_even_learn_that_it_is_there(self):
        content = b"a secret of acme"
        path = "/v1/payloads/" + hashlib.sha256(content).hexdigest()
        size = len(content)
        headers = {"content-range": f"bytes 0-{size - 1}/{size}"}
        self.assertEqual(SITE.https("PUT", path, content, "acme_ams", headers)[0], 201)
        self.assertEqual(SITE.https("GET", path, who="acme_ams"), (200, content))
        self.assertEqual(SITE.https("GET", path, who="acme_ams", headers={"range": "bytes=2-"}),
                         (206, content[2:]))
        self.assertEqual(SITE.https("GET", path, who="other_mill")[0], 404)
        self.assertEqual(SITE.https("HEAD", path, who="other_mill")[0], 404)


@rows({
    "a path up": ("GET", "/v1/../../etc/passwd", {}), "no such path": ("GET", "/v2", {}),
    "a wrong method": ("DELETE", "/v1/enrol", {}), "a strange one": ("BREW", "/v1/enrol", {}),
    "a long path": ("GET", "/" + "a" * 6_000, {}), "a trace": ("TRACE", "/", {}),
    "a huge header": ("POST", "/v1/enrol", {"x": "a" * 20_000}),
    "a false length": ("POST", "/v1/renew", {"content-length": "-1"}),
    "two lengths": ("POST", "/v1/enrol", {"transfer-encoding": "chunked", "content-length": "5"})})
class RequestTest(DoorTest):
    def attack(self, method, target, headers):
        answer = SITE.https(method, target, headers=headers)
        self.assertTrue(answer is None or answer[0] >= 400, answer)


@rows({"plain HTTP": (b"GET / HTTP/1.1\r\n\r\n",), "rubbish": (b"\x16\x03" * 999,),
       "a broken greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01",), "silence": (b"",)})
class NoTlsTest(DoorTest):
    def attack(self, data):
        with socket.create_connection(("localhost", SITE.door), timeout=5) as link:
            link.sendall(data)
            link.settimeout(1)
            try:
                self.assertNotIn(b"200", link.recv(4096))
            except OSError:
                pass


class ManyConnectionsTest(DoorTest):
    def test_who_connects_and_says_nothing_keeps_nobody_out(self):
        links = [socket.create_connection(("localhost", SITE.door), timeout=5)
                 for _ in range(300)]
        self.assertEqual(SITE.https("GET", "/v1/authority")[0], 200)
        for link in links:
            link.close()


if __name__ == "__main__":
    unittest.main()
