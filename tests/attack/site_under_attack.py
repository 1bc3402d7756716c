"""A whole installation under attack: server and broker with TLS, the broker with the access rules
that towline-server writes, two tenants with a worker each, users with roles, and credentials that
must not work. Shared by all rows: an attack that changes anything would be seen by the next one."""

import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import BIN, Installation, eventually, port_is_open  # noqa: E402

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86400, "End": True}}}


def task(resource, **parameters):
    return {"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": resource, "TimeoutSeconds": 3600, "End": True,
        **({"Parameters": parameters} if parameters else {})}}}


def job(job_type):
    return task("arn:towline:states:::job:run", **{"JobType": job_type, "Payload.$": "$"})


TYPES = """
[[job_type]]
name = "files"
handler = "file"
[job_type.file]
roots = {r = "root"}
write = true
[[job_type]]
name = "query"
handler = "sql"
[job_type.sql]
connections = {d = "sqlite:site.db"}
queries = {find = "SELECT name FROM things WHERE name = $1"}
[[job_type]]
name = "echo"
argv = ["/bin/cat"]
"""

OPENSSL = """
[ca]
default_ca = towline
[towline]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = anything
default_crl_days = 3650
[anything]
commonName = supplied
organizationalUnitName = optional
"""


def rows(cases):
    """A test for each of `cases`: name -> arguments of the class's attack()."""
    def decorate(cls):
        for number, (name, arguments) in enumerate(cases.items(), 1):
            def test(self, arguments=arguments):
                self.attack(*arguments)
            label = "".join(c if c.isalnum() else "_" for c in name)
            setattr(cls, f"test_{number:03}_{label}", test)
        return cls
    return decorate


class Site:
    def __init__(self):
        self.on = Installation()
        self.folder = self.on.folder
        self.certs = self.folder / "certs"
        try:
            self.start()
        except BaseException:
            self.on.close(failed=True)
            raise

    def start(self):
        self.server_command("init-ca", "--data", self.on.data)
        self.server_command("broker-config", "--data", self.on.data, "--out", "broker")
        for user in ("ann", "vic", "oscar", "mallory"):
            self.certificate("user", user)
        for worker in ("acme_ams", "acme_fra", "acme_lej", "acme_old", "other_mill"):
            self.certificate("worker", worker)
        self.server_command("init-ca", "--data", "evil")
        for kind, name in (("user", "ann"), ("worker", "acme_ams")):
            self.server_command("certificate", kind, name, "--data", "evil", "--out", "false")
        self.make_bad_certificates()
        self.start_broker()
        self.start_server()
        self.fill()

    # Who somebody is.

    def server_command(self, *arguments):
        subprocess.run([str(BIN / "towline-server"), *map(str, arguments)], check=True,
                       capture_output=True, cwd=self.folder, timeout=60)

    def certificate(self, kind, name):
        self.server_command("certificate", kind, name, "--data", self.on.data, "--out", "certs")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                       cwd=self.folder / "openssl", timeout=60)

    def make_bad_certificates(self):
        """Those whose time is over, and one that is on the broker's list."""
        work = self.folder / "openssl"
        work.mkdir()
        (work / "ca.conf").write_text(OPENSSL)
        (work / "index.txt").write_text("")
        (work / "serial").write_text("77777701")
        pki = self.on.data / "pki"
        ca = ("ca", "-batch", "-config", "ca.conf", "-cert", pki / "ca.crt", "-keyfile",
              pki / "ca.key")
        for name, unit in (("late", "user"), ("acme_late", "worker")):
            key = self.certs / f"{name}.key"
            self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
            self.openssl("req", "-new", "-key", key, "-subj", f"/CN={name}/OU={unit}", "-out",
                         "request")
            self.openssl(*ca, "-in", "request", "-out", self.certs / f"{name}.crt", "-notext",
                         "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
        self.openssl(*ca, "-revoke", self.certs / "acme_old.crt")
        self.openssl(*ca, "-gencrl", "-out", self.folder / "broker/revoked.crl")

    def credentials(self, name):
        """(ca, certificate, key); `false-NAME` is of another authority, None shows nothing."""
        if name is None:
            return self.certs / "ca.crt", None, None
        folder = self.folder / "false" if name.startswith("false-") else self.certs
        name = name.removeprefix("false-")
        return self.certs / "ca.crt", folder / f"{name}.crt", folder / f"{name}.key"

    # What they can do.

    def cli(self, who, *arguments, tenant="acme", token=None, stdin="", code=None):
        ca, certificate, key = self.credentials(who)
        environment = {**os.environ, "TOWLINE_CA": str(ca)}
        if certificate is not None:
            environment |= {"TOWLINE_CERTIFICATE": str(certificate), "TOWLINE_KEY": str(key)}
        if token is not None:
            (self.folder / "token").write_text(token)
            environment["TOWLINE_TOKEN_FILE"] = str(self.folder / "token")
        done = subprocess.run(
            [str(BIN / "towline"), "--server", self.on.address, "--tenant", tenant,
             *map(str, arguments)], input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True, timeout=60, cwd=self.folder, env=environment)
        if code is not None and done.returncode != code:
            raise AssertionError(f"{arguments}: {done.returncode} {done.stdout} {done.stderr}")
        return done

    def mqtt(self, program, who, *arguments, payload=b""):
        ca, certificate, key = self.credentials(who)
        shown = [] if certificate is None else ["--cert", certificate, "--key", key]
        return subprocess.run(
            [program, "-h", "127.0.0.1", "-p", str(self.on.broker_port), "-V", "5", "-q", "1",
             "--cafile", ca, *map(str, shown), *map(str, arguments)],
            input=payload, capture_output=True, timeout=30)

    def publish(self, who, topic, payload, *more):
        return self.mqtt("mosquitto_pub", who, "-i", f"{who}-attack", "-t", topic, "-s", *more,
                         payload=payload if isinstance(payload, bytes) else payload.encode())

    def https(self, method, target, body=b"", who=None, headers=None):
        """(status, body) of the door for workers, or None where the connection was refused."""
        ca, certificate, key = self.credentials(who)
        context = ssl.create_default_context(cafile=ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
        link = http.client.HTTPSConnection("localhost", self.door, context=context, timeout=15)
        try:
            link.request(method, target, body=body, headers=headers or {})
            answer = link.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            link.close()

    # What is there.

    def start_broker(self):
        configuration = self.folder / "broker/mosquitto.conf"
        text = configuration.read_text().replace(
            "listener 8883", f"listener {self.on.broker_port} 127.0.0.1")
        configuration.write_text(text + ("user root\n" if os.getuid() == 0 else ""))
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        if mosquitto is None:
            raise AssertionError("no mosquitto on this machine: scripts/install-packages")
        self.on.launch("broker", [mosquitto, "-c", configuration])
        eventually("the broker listens", lambda: port_is_open(self.on.broker_port))

    def start_server(self):
        file = self.folder / "server.toml"
        file.write_text(f'data = "{self.on.data}"\nlisten = "0.0.0.0:0"\nlog_level = "debug"\n'
                        f'[access]\nadmins = ["ann"]\n'
                        f'[broker]\nport = {self.on.broker_port}\ntls = true\n')
        self.server = self.on.launch("server", [BIN / "towline-server", "--config", file])
        self.on.address = self.server.await_line(r"^ready grpc=(\S+)$").group(1)
        self.door = int(self.server.await_line(r"^https port=(\d+)$").group(1))

    def start_worker(self, tenant, name):
        principal = f"{tenant}_{name}"
        ca, certificate, key = self.credentials(principal)
        file = self.folder / f"{principal}.toml"
        file.write_text(f'tenant = "{tenant}"\nname = "{name}"\nstate = "state-{principal}"\n'
                        f'[broker]\nport = {self.on.broker_port}\nca = "{ca}"\n'
                        f'certificate = "{certificate}"\nkey = "{key}"\n{TYPES}')
        self.on.launch(principal, [BIN / "towline-worker", "--config", file])
        eventually(f"{principal} is online", lambda: b"ONLINE" in self.cli(
            "ann", "workers", "--json", tenant=tenant).stdout)

    def machine(self, name, definition, tenant="acme"):
        self.cli("ann", "machine", "create", name, "-", stdin=json.dumps(definition),
                 tenant=tenant, code=0)

    def fill(self):
        (self.folder / "root").mkdir()
        (self.folder / "outside").write_text("untouched")
        with sqlite3.connect(self.folder / "site.db") as database:
            database.execute("CREATE TABLE things(name)")
            database.execute("INSERT INTO things VALUES('apple'), ('pear')")
        self.start_worker("acme", "ams")
        self.start_worker("other", "mill")
        for who, role, tenant in (("vic", "viewer", "acme"), ("oscar", "operator", "other")):
            self.cli("ann", "access", "grant", who, role, tenant=tenant, code=0)
        self.token = self.cli("ann", "token", "create", "vic", "--life", "1h",
                              code=0).stdout.decode().strip()
        tokens = json.loads(self.cli("ann", "--json", "token", "list").stdout)["tokens"]
        self.cli("ann", "token", "revoke", tokens[0]["id"], code=0)
        self.cli("ann", "activity", "create", "ask", code=0)
        self.machine("ask", task("arn:towline:states:local:acme:activity:ask"))
        for machine, definition in (("wait", WAIT), ("done", PASS), ("echo", job("echo")),
                                    ("files", job("files")), ("query", job("query"))):
            self.machine(machine, definition)
        self.machine("done", PASS, tenant="other")
        self.cli("ann", "start", "wait", "--name", "one", code=0)
        self.cli("ann", "start", "done", "--name", "one", "--wait", code=0)
        self.ended_token = self.open_task("first")
        self.cli("ann", "task", "succeed", "--token", self.ended_token, code=0)
        self.open_token = self.open_task("second")

    def open_task(self, name):
        """An activity's task that a poller has taken: its token."""
        self.cli("ann", "start", "ask", "--name", name, code=0)
        return self.cli("ann", "activity", "poll", "ask", code=0).stdout.decode().split()[0]

    def run_job(self, machine, value):
        return json.loads(self.cli("ann", "--json", "start", machine, "--input", "-", "--wait",
                                   stdin=json.dumps(value)).stdout)

    def digest(self):
        """Of all rows of all tables; what late answers leave as evidence is no state."""
        total = hashlib.sha256()
        for path in sorted(self.on.data.rglob("*.db")):
            database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            try:
                for (table,) in database.execute(
                        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
                        ).fetchall():
                    if table == "evidence":
                        continue
                    rows = sorted(map(repr, database.execute(f"SELECT * FROM {table}")))
                    total.update(f"{path.name} {table} {rows}".encode())
            finally:
                database.close()
        return total.hexdigest()

    def refused(self, what):
        """How much of it `towline doctor` counts."""
        checks = json.loads(self.cli("ann", "--json", "doctor").stdout)["checks"]
        told = next(check["what"] for check in checks if check["check"] == "refused")
        found = re.search(rf"(\d+) {what}", told)
        return int(found.group(1)) if found else 0

    def denials(self):
        return sum(path.read_text().count('"allowed":false')
                   for path in (self.on.data / "audit").glob("*.jsonl"))
