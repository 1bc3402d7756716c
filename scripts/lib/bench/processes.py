"""Starting and stopping the programs that are measured, and looking at them."""
import os, shutil, signal, socket, subprocess, time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, process, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"{process.args[0]} does not answer on port {port}")


def status(pid, field):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(field):
            return int(line.split()[1])
    return 0


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Processes:
    """Starts programs and stops them again by process id."""

    def __init__(self):
        self.running = []

    def start(self, *argv, **kwargs):
        kwargs.setdefault("stdout", subprocess.DEVNULL)
        process = subprocess.Popen([str(a) for a in argv], **kwargs)
        self.running.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.running:
            self.running.remove(process)

    def stop_all(self):
        for process in reversed(list(self.running)):
            self.stop(process)

    def broker(self, folder):
        port = free_port()
        conf = folder / "mosquitto.conf"
        conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                        "max_inflight_messages 0\nmax_queued_messages 0\n"
                        "set_tcp_nodelay true\nlog_type none\n"
                        + ("user root\n" if os.getuid() == 0 else ""))
        process = self.start(shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", conf,
                             stderr=subprocess.DEVNULL)
        wait_port(port, process)
        return port
