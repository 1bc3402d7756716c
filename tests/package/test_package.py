"""The Debian packages: what is in them, that it runs, and how they come and go."""

import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import harness
from harness import IntegrationTest

BUILD = Path(os.environ.get("TOWLINE_BUILD", harness.SOURCE / "build/dev"))
SERVICES = {"towline-server": "towline", "towline-worker": "towline-worker"}  # and their users
CONFIGURATIONS = {"towline-server": "server.toml", "towline-worker": "worker.toml"}
PACKAGES = (*SERVICES, "towline")
MACHINE = {"StartAt": "Add", "States": {"Add": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 60, "End": True,
    "Parameters": {"JobType": "add-numbers", "Payload.$": "$"}}}}


def run(*arguments, check=True, **options):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True,
                          timeout=120, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments} ended with {done.returncode}:\n"
                             f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


class Packages:
    """Made once, of the build that this test belongs to; unpacked into `root`."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="towline-package-"))
        run("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB", "-B", self.folder,
            "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", cwd=self.folder)
        self.files = {path.name.split("_")[0]: path for path in self.folder.glob("*.deb")}
        self.root = self.folder / "root"
        began = time.monotonic()
        for path in self.files.values():
            run("dpkg", "-x", path, self.root)
        self.unpacked_seconds = time.monotonic() - began
        harness.BIN = self.root / "usr/bin"


def setUpModule():
    global made
    if shutil.which("dpkg") is None or shutil.which("cpack") is None:
        raise unittest.SkipTest("no dpkg or no cpack on this machine")
    made = Packages()


def tearDownModule():
    shutil.rmtree(made.folder, ignore_errors=True)


class ContentTest(unittest.TestCase):
    def field(self, package, name):
        return run("dpkg-deb", "-f", made.files[package], name).stdout.strip()

    def test_there_is_a_package_for_each_program(self):
        self.assertEqual(sorted(made.files), sorted(PACKAGES))
        for package in PACKAGES:
            said = run(harness.BIN / package, "--version").stdout.split()
            self.assertEqual(said, [package, self.field(package, "Version")])
            self.assertIn("--", run(harness.BIN / package, "--help").stdout)

    def test_the_fields_say_what_it_needs(self):
        architecture = run("dpkg", "--print-architecture").stdout.strip()
        for package in PACKAGES:
            self.assertEqual(self.field(package, "Package"), package)
            self.assertEqual(self.field(package, "Architecture"), architecture)
            self.assertRegex(self.field(package, "Depends"), r"\blibc6 \(>= ")
            self.assertRegex(self.field(package, "Description"), r"(?s)^\S.{10,70}\n [^\n ].+")
        for package in SERVICES:
            self.assertRegex(self.field(package, "Depends"), r"\bpasswd\b")
            # Loaded only when a job or an object store needs it.
            self.assertRegex(self.field(package, "Recommends"), r"\blibcurl4\b")
            self.assertNotRegex(self.field(package, "Depends"), r"libcurl4|libpq5")

    def test_the_configuration_is_good_private_and_a_conffile(self):
        for package, name in CONFIGURATIONS.items():
            listed = run("dpkg-deb", "-I", made.files[package], "conffiles").stdout
            self.assertEqual(listed, f"/etc/towline/{name}\n")
            path = made.root / "etc/towline" / name
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
            said = run(harness.BIN / package, "--config", path, "--check-config").stdout
            self.assertEqual(said, "the configuration is good\n")

    def test_the_units_are_well_formed(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd-analyze on this machine")
        for package in SERVICES:
            # Units of the system itself are not in this folder: only what is said of ours counts.
            said = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                       f"--root={made.root}", made.root / f"lib/systemd/system/{package}.service",
                       check=False)
            about = [line for line in said.stderr.splitlines() if package in line]
            self.assertEqual(about, [], said.stderr)

    def test_the_manual_pages_are_well_formed_and_say_what_help_says(self):
        for package in PACKAGES:
            page = made.root / f"usr/share/man/man1/{package}.1"
            if shutil.which("lexgrog"):
                self.assertIn(f'"{package} - ', run("lexgrog", page).stdout)
            if shutil.which("man") is None:
                self.skipTest("no man on this machine")
            shown = run("man", "--warnings", "-l", page,
                        env={**os.environ, "MANWIDTH": "120", "LC_ALL": "C.UTF-8"})
            self.assertEqual(shown.stderr, "")
            lines = {" ".join(line.split()) for line in shown.stdout.splitlines()}
            for line in run(harness.BIN / package, "--help").stdout.splitlines():
                self.assertIn(" ".join(line.split()), lines | {""})


class RunTest(IntegrationTest):
    def configure(self, package):
        """The shipped file, its places and ports replaced."""
        name = CONFIGURATIONS[package]
        text = (made.root / "etc/towline" / name).read_text()
        text = text.replace("/var/lib", str(self.on.folder)).replace("8460", "0")
        text = text.replace("1883", str(self.on.broker_port))
        path = self.on.folder / name
        path.write_text(text)
        return path

    def launch(self, package):
        """As a service manager does; the socket that it reports to."""
        reports = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(reports.close)
        path = self.on.folder / f"{package}.notify"
        reports.bind(str(path))
        reports.settimeout(harness.PATIENCE)
        program = self.on.launch(
            package, [harness.BIN / package, "--config", self.configure(package)],
            env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "300000"})
        return program, reports

    def await_report(self, reports, wanted):
        while reports.recv(4096).decode() != wanted:
            pass

    def test_from_unpacking_to_the_first_result(self):
        began = time.monotonic()
        server, of_server = self.launch("towline-server")
        worker, of_worker = self.launch("towline-worker")
        # Both are ready before there is a broker.
        self.await_report(of_server, "READY=1")
        self.await_report(of_worker, "READY=1")
        self.on.start_broker()
        self.on.address = server.await_line(r"^ready grpc=(\S+)$").group(1)
        # The first start has made certificates; the administrator's may do everything.
        pki = self.on.folder / "towline-server/pki"
        for name, file in (("CA", "ca.crt"), ("CERTIFICATE", "admin.crt"), ("KEY", "admin.key")):
            os.environ[f"TOWLINE_{name}"] = str(pki / file)
            self.addCleanup(os.environ.pop, f"TOWLINE_{name}")
        self.on.create("sum", MACHINE)
        self.assert_once(self.on.begin("sum", "first", {"a": 15, "b": 42}), {"sum": 57})
        took = made.unpacked_seconds + time.monotonic() - began
        print(f"from unpacking to the first job's result: {took:.1f} s", flush=True)
        for program, reports in ((server, of_server), (worker, of_worker)):
            self.await_report(reports, "WATCHDOG=1")
            self.await_report(reports, "WATCHDOG=1")
            self.assertEqual(program.stop(patience=20)[0], 0)
            self.await_report(reports, "STOPPING=1")


@unittest.skipUnless(os.getuid() == 0, "dpkg installs as root only")
class InstallTest(unittest.TestCase):
    """A folder with a package database of its own; scripts run outside of it and are told of it."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="system-", dir=made.folder))
        for folder in ("etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        for name, text in {"passwd": "root:x:0:0::/root:/bin/sh\n", "group": "root:x:0:\n",
                           "shadow": "root:*:::::::\n", "gshadow": "root:*::\n"}.items():
            (self.root / "etc" / name).write_text(text)

    def dpkg(self, *arguments):
        return run("dpkg", f"--root={self.root}", "--force-script-chrootless", "--force-depends",
                   "--log=/dev/null", *arguments)

    def users(self):
        lines = (self.root / "etc/passwd").read_text().splitlines()
        return {fields[0]: fields for fields in (line.split(":") for line in lines)}

    def next_version(self, package):
        """The same package under a higher version."""
        folder = self.root.with_name(f"{self.root.name}-{package}")
        run("dpkg-deb", "-R", made.files[package], folder)
        control = folder / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*", "Version: 99", control.read_text()))
        run("dpkg-deb", "-b", "-Znone", folder, f"{folder}.deb")
        return f"{folder}.deb"

    def test_a_life_of_the_packages(self):
        host_users = Path("/etc/passwd").read_bytes()
        self.dpkg("-i", *made.files.values())
        enabled = self.root / "etc/systemd/system/multi-user.target.wants"
        for package, user in SERVICES.items():
            fields = self.users()[user]
            config = self.root / "etc/towline" / CONFIGURATIONS[package]
            self.assertEqual(fields[5:], [f"/var/lib/{package}", "/usr/sbin/nologin"])
            self.assertEqual((config.stat().st_uid, config.stat().st_gid), (0, int(fields[3])))
            self.assertTrue((enabled / f"{package}.service").is_symlink())
            config.write_text(config.read_text() + "# the administrator's\n")
            config.chmod(0o600)
            (self.root / "var/lib" / package).mkdir()
            (self.root / "var/lib" / package / "kept").touch()

        self.dpkg("-i", *[self.next_version(package) for package in SERVICES])
        self.check_kept("upgraded")
        self.dpkg("-r", *PACKAGES)
        self.check_kept("removed")
        self.assertEqual(list((self.root / "usr").rglob("*towline*")), [])

        self.dpkg("-P", *SERVICES)
        left = [path for path in self.root.rglob("*towline*") if "dpkg" not in path.parts]
        self.assertEqual(left, [])
        self.assertEqual(list(self.users()), ["root"])
        self.assertEqual(Path("/etc/passwd").read_bytes(), host_users)

    def check_kept(self, when):
        for package, user in SERVICES.items():
            with self.subTest(package=package, when=when):
                config = self.root / "etc/towline" / CONFIGURATIONS[package]
                self.assertTrue(config.read_text().endswith("# the administrator's\n"))
                self.assertEqual(stat.S_IMODE(config.stat().st_mode), 0o600)
                self.assertTrue((self.root / "var/lib" / package / "kept").exists())
                self.assertIn(user, self.users())


if __name__ == "__main__":
    unittest.main()
