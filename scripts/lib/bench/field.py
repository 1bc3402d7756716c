"""Workers in the field: what TLS costs, an idle agent on its link, ten thousand workers."""
import json, os, pathlib, shutil, socket, statistics, subprocess, tempfile, threading, time

from bench.processes import Processes, free_port, status, wait_port
from bench.towline import MACHINES, Towline, machine

CANCELS = 200
FLEET_PART = 5_000  # clients of a process: each takes three descriptors


class Counter:
    """A TCP proxy that counts the bytes of both directions."""

    def __init__(self, target):
        self.target, self.bytes, self.connections = target, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.target))
            self.connections += 1
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                self.bytes += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()


class Secured(Towline):
    """The same installation with certificates everywhere; its worker has enrolled."""

    def __init__(self, processes, binaries, folder):
        self.processes, self.binaries, self.folder = processes, binaries, folder
        folder.mkdir(parents=True)
        self.run("towline-server", "init-ca", "--data", folder / "data")
        self.run("towline-server", "broker-config", "--data", folder / "data", "--out",
                 folder / "broker")
        self.run("towline-server", "certificate", "user", "ann", "--data", folder / "data",
                 "--out", folder / "certs")
        certs = folder / "certs"
        self.environment = {**os.environ, "TOWLINE_CA": str(certs / "ca.crt"),
                            "TOWLINE_CERTIFICATE": str(certs / "ann.crt"),
                            "TOWLINE_KEY": str(certs / "ann.key")}
        port = free_port()
        conf = folder / "broker" / "mosquitto.conf"
        conf.write_text(conf.read_text().replace("listener 8883", f"listener {port} 127.0.0.1")
                        + "log_type none\n" + ("user root\n" if os.getuid() == 0 else ""))
        wait_port(port, processes.start(shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c",
                                        conf, stderr=subprocess.DEVNULL))
        self.counter = Counter(port)  # between the worker and the broker
        (folder / "server.toml").write_text(
            f'data = "{folder}/data"\nlisten = "127.0.0.1:0"\nlog_level = "warning"\n'
            f'[access]\nadmins = ["ann"]\n[broker]\nport = {port}\ntls = true\n'
            f'[enrolment]\nbroker = "127.0.0.1:{self.counter.port}"\n')
        self.start_server()
        self.address = f"localhost:{self.port}"
        site = folder / "site"
        site.mkdir()
        (site / "worker.toml").write_text(
            f'slots = 1024\nstate = "{site}/state"\n'
            '[[job_type]]\nname = "add-numbers"\nhandler = "add-numbers"\n'
            '[[job_type]]\nname = "sleep"\nargv = ["/bin/sleep", "1000"]\n')
        line = self.cli("worker", "invite", "--name", "bench").split()
        self.run(*line, "--config", site / "worker.toml", "--no-start")
        self.worker = processes.start(binaries / "towline-worker", "--config",
                                      site / "worker.toml",
                                      stderr=open(folder / "worker.log", "w"))
        self.create_machines()

    def create_machines(self):
        for name, definition in (("w1", MACHINES["w1"]), ("sleep", machine(1, "sleep"))):
            path = self.folder / f"{name}.asl.json"
            path.write_text(json.dumps(definition))
            self.cli("machine", "create", name, path)
        end = time.time() + 20
        while '"ONLINE"' not in self.cli("workers", "--json"):
            if time.time() > end:
                raise SystemExit(f"the worker did not come online; see {self.folder}/worker.log")
            time.sleep(0.1)

    def run(self, program, *arguments):
        subprocess.run([self.binaries / program, *map(str, arguments)], check=True,
                       stdout=subprocess.DEVNULL)

    def start_server(self):
        self.server = self.processes.start(
            self.binaries / "towline-server", "--config", self.folder / "server.toml",
            stdout=subprocess.PIPE, text=True, stderr=open(self.folder / "server.log", "a"))
        for line in self.server.stdout:
            if line.startswith("ready grpc="):
                self.port = int(line.strip().rpartition(":")[2])
                return
        raise SystemExit(f"the server did not start; see {self.folder}/server.log")


def await_online(towline, count, patience=300):
    """How long it takes until so many workers are online."""
    began = time.time()
    while (online := towline.cli("workers", "--json").count('"ONLINE"')) < count:
        if time.time() - began > patience:
            raise SystemExit(f"{online} of {count} workers are online")
        time.sleep(0.5)
    return time.time() - began


def cancels(towline, figures):
    """From the command that stops an execution until its job's death is confirmed: how long that
    takes, with the command's own start and a look every few hundredths of a second."""
    names = [f"sleep/{number}" for number in range(CANCELS)]
    for name in names:
        towline.cli("start", "sleep", "--name", name.partition("/")[2])
    end = time.time() + 60
    while json.loads(towline.cli("worker", "describe", "bench", "--json")).get("used", 0) < CANCELS:
        if time.time() > end:
            raise SystemExit("the jobs to cancel do not run")
        time.sleep(0.2)
    took = []
    for name in names:
        began = time.time()
        towline.cli("stop", name)
        while json.loads(towline.cli("why", name, "--json")).get("waiting"):
            if time.time() > began + 60:
                raise SystemExit(f"{name} was stopped, and nobody confirms that its job is dead")
        took.append((time.time() - began) * 1000)
    took.sort()
    figures["cancel_p50_ms"] = took[CANCELS // 2]
    figures["cancel_p99_ms"] = took[CANCELS * 99 // 100]


def fleet(processes, binaries, folder, arguments, figures):
    """Simulated clients in one process; a real broker, a real server."""
    towline = Towline(processes, binaries, folder)
    processes.stop(towline.worker)
    began = time.time()
    clients = []
    for first in range(0, arguments.workers, FLEET_PART):
        clients.append(processes.start(
            binaries / "towline-bench-fleet", towline.broker_port, first,
            min(FLEET_PART, arguments.workers - first), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True))
    for part in clients:
        if part.stdout.readline().strip() != "ready":
            raise SystemExit("the fleet did not connect")
    await_online(towline, arguments.workers)
    figures["fleet_online_s"] = time.time() - began
    figures["fleet_server_rss_mb"] = status(towline.server.pid, "VmRSS") / 1024
    load = towline.load("w1", "open", 20, arguments.seconds * 4, '{"a":1,"b":2}', '{"sum":3}')
    figures["fleet_w1_p50_ms"], figures["fleet_w1_p99_ms"] = load["p50_ms"], load["p99_ms"]
    load = towline.load("w1", "closed", 512, arguments.seconds, '{"a":1,"b":2}', '{"sum":3}')
    figures["fleet_w1_per_s"] = load["per_s"]
    figures["fleet_server_loaded_rss_mb"] = status(towline.server.pid, "VmRSS") / 1024
    # Every one of them is asked who it is.
    processes.stop(towline.server)
    towline.start_server()
    figures["fleet_roll_call_s"] = await_online(towline, arguments.workers)
    figures["fleet_lost"] = 0
    for part in clients:
        part.stdin.close()
        figures["fleet_lost"] += json.loads(part.stdout.readline())["lost"]


def measure(arguments):
    processes, figures, rounds = Processes(), {}, {}
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="towline-bench-"))
    binaries = pathlib.Path(arguments.build).resolve() / "bin"
    try:
        plain = Towline(processes, binaries, scratch / "plain")
        secured = Secured(processes, binaries, scratch / "secured")
        time.sleep(10)  # what is said once has been said
        before = secured.counter.bytes
        time.sleep(arguments.idle)
        passed = secured.counter.bytes - before
        figures["idle_worker_bytes_per_h"] = passed * 3600 / arguments.idle
        figures["idle_worker_tls_rss_mb"] = status(secured.worker.pid, "VmRSS") / 1024
        figures["idle_server_rss_mb"] = status(plain.server.pid, "VmRSS") / 1024
        figures["idle_worker_rss_mb"] = status(plain.worker.pid, "VmRSS") / 1024
        figures["idle_server_tls_rss_mb"] = status(secured.server.pid, "VmRSS") / 1024
        for _ in range(arguments.rounds):
            for name, one in (("plain", plain), ("tls", secured)):
                load = one.load("w1", "closed", 512, arguments.seconds, '{"a":1,"b":2}',
                                '{"sum":3}')
                rounds.setdefault(name, []).append(load["per_s"])
        for name, values in rounds.items():
            figures[f"w1_{name}_per_s"] = statistics.median(values)
        figures["w1_tls_vs_plain"] = figures["w1_tls_per_s"] / figures["w1_plain_per_s"]
        cancels(secured, figures)
        processes.stop_all()
        print("\n".join(f"{name} {figures[name]:.3f}" for name in sorted(figures)), flush=True)
        if arguments.workers:
            fleet(processes, binaries, scratch / "fleet", arguments, figures)
        shutil.rmtree(scratch, ignore_errors=True)
    finally:
        processes.stop_all()
    return figures
