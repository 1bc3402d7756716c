"""An installation with TLS everywhere: an authority, a broker as broker-config writes it, a server,
and users and workers with certificates."""

import os
import re
import shutil
import signal
import subprocess

from harness import BIN, Answer, IntegrationTest, eventually, port_is_open

TYPES = '[[job_type]]\nname = "add-numbers"\nhandler = "add-numbers"\n'


class SecuredTest(IntegrationTest):
    def towline_server(self, *arguments, code=0):
        done = subprocess.run([str(BIN / "towline-server"), *map(str, arguments)],
                              capture_output=True, text=True, cwd=self.on.folder, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def certificate(self, what, name, *more, code=0):
        return self.towline_server("certificate", what, name, "--data", self.on.data, "--out",
                                   self.on.folder / "certs", *more, code=code)

    def secure(self, *authority):
        """An authority, a broker and a server that use it, and a certificate of the user ann."""
        self.towline_server("init-ca", "--data", self.on.data, *authority)
        self.towline_server("broker-config", "--data", self.on.data, "--out", "broker")
        configuration = self.on.folder / "broker" / "mosquitto.conf"
        text = configuration.read_text().replace("listener 8883",
                                                 f"listener {self.on.broker_port} 127.0.0.1")
        if os.getuid() == 0:
            text += "user root\n"
        configuration.write_text(text)
        self.start_tls_broker()
        file = self.on.folder / "server.toml"
        file.write_text(f'data = "{self.on.data}"\nlisten = "0.0.0.0:0"\n'
                        f'[access]\nadmins = ["ann"]\n[broker]\n'
                        f'port = {self.on.broker_port}\ntls = true\n')
        self.start_tls_server()
        self.certificate("user", "ann")

    def start_tls_broker(self):
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        self.on.broker = self.on.launch("broker", [
            mosquitto, "-c", self.on.folder / "broker" / "mosquitto.conf"])
        eventually("the broker listens", lambda: port_is_open(self.on.broker_port))

    def start_tls_server(self):
        self.on.server = self.on.launch("server", [
            BIN / "towline-server", "--config", self.on.folder / "server.toml"])
        match = self.on.server.await_line(r"^ready grpc=(\S+)$")
        self.on.address = match.group(1)
        self.https_port = int(re.search(r"^https port=(\d+)$", self.on.server.stdout(),
                                        re.M).group(1))

    def give_broker_the_list(self, path=None):
        """As docs/security.md says: copies the revocation list and has the broker read it."""
        shutil.copy(path or self.on.data / "pki" / "revoked.crl",
                    self.on.folder / "broker" / "revoked.crl")
        self.on.broker.process.send_signal(signal.SIGHUP)

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
