#!/usr/bin/env python3
"""A PostgreSQL server of its own on a free loopback port, in a directory that goes with it.

As a program it says "port N" ("port 0" where PostgreSQL is not installed) and serves until SIGTERM.
The database is `postgres`, and its owner `towline` needs no password.
"""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def programs():
    """The folder of the newest installed version's programs, or None."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    newest = max(found, key=lambda path: int(path.split("/")[4]), default=None)
    return newest and os.path.dirname(newest)


class PostgresServer:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="towline-postgres-")
        self.process = None
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": "/"}
        if os.getuid() == 0:  # it refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            options.update(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = os.path.join(self.folder, "data")
        subprocess.run([f"{programs()}/initdb", "-D", data, "-U", "towline", "-A", "trust",
                        "--no-sync", "-E", "UTF8", "--locale=C"], check=True, **options)
        self.process = subprocess.Popen(
            [f"{programs()}/postgres", "-D", data, "-k", self.folder, "-p", str(self.port),
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_min_messages=panic",
             "-c", "log_min_error_statement=panic"], stderr=subprocess.DEVNULL, **options)
        deadline = time.monotonic() + 60
        while subprocess.run([f"{programs()}/pg_isready", "-q", "-h", "127.0.0.1", "-p",
                              str(self.port)], check=False).returncode != 0:
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.close()
                raise RuntimeError("PostgreSQL did not start")
            time.sleep(0.1)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast: does not wait for its clients
            self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    if programs() is None:
        print("port 0", flush=True)
        return
    server = PostgresServer()
    print(f"port {server.port}", flush=True)
    signal.sigwait({signal.SIGTERM})
    server.close()


if __name__ == "__main__":
    main()
