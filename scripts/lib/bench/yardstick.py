"""The thinnest pipeline of our shape, built from sources beside the checkout."""
import pathlib, shutil, subprocess

from bench.processes import free_port

# What building it needs: a header or a program, and the Debian package that holds it.
PARTS = {"g++": "g++", "pkg-config": "pkg-config", "protoc": "protobuf-compiler",
         "grpc_cpp_plugin": "protobuf-compiler-grpc", "grpcpp/grpcpp.h": "libgrpc++-dev",
         "mosquitto.h": "libmosquitto-dev", "sqlite3.h": "libsqlite3-dev",
         "nlohmann/json.hpp": "nlohmann-json3-dev"}


def missing_packages():
    def there(part):
        if part.endswith((".h", ".hpp")):
            return any(pathlib.Path(folder, part).exists()
                       for folder in ("/usr/include", "/usr/local/include"))
        return shutil.which(part) is not None
    return sorted({package for part, package in PARTS.items() if not there(part)})


def find(arguments):
    """The folder with its sources, or None with one line that says why there are no ratios."""
    folder = pathlib.Path(arguments.yardstick)
    if not (folder / "skeleton.cpp").exists():
        print("no yardstick found: absolute figures only, ratios have nothing to stand on")
        return None
    missing = missing_packages()
    if missing:
        print("the yardstick cannot be built, absolute figures only; install: "
              + " ".join(missing))
        return None
    return folder


class Yardstick:
    """The skeleton: the same shape without a language, leases or history."""

    def __init__(self, processes, source, folder):
        self.processes, self.folder = processes, folder
        folder.mkdir(parents=True)
        for name in ("skeleton.cpp", "bench.proto"):
            shutil.copy(source / name, folder)
        flags = subprocess.run(["pkg-config", "--libs", "grpc++", "protobuf"], capture_output=True,
                               text=True, check=True).stdout.split()
        plugin = shutil.which("grpc_cpp_plugin")
        subprocess.run(["protoc", "--cpp_out=.", "--grpc_out=.",
                        f"--plugin=protoc-gen-grpc={plugin}", "bench.proto"],
                       cwd=folder, check=True)
        subprocess.run(["g++", "-O2", "-std=c++17", "-pthread", "-w", "-I.", "-o", "skeleton",
                        "skeleton.cpp", "bench.pb.cc", "bench.grpc.pb.cc", *flags, "-lmosquitto",
                        "-lsqlite3"], cwd=folder, check=True)
        broker_port, self.port = processes.broker(folder), free_port()
        for argv in (("orch", self.port, broker_port, "x.db"), ("worker", broker_port)):
            process = processes.start("./skeleton", *argv, cwd=folder, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True)
            process.stdout.readline()

    def load(self, *argv):
        done = subprocess.run(["./skeleton", "client", str(self.port), *map(str, argv)],
                              cwd=self.folder, capture_output=True, text=True)
        words = done.stdout.split()
        values = dict(zip(words[3::2], map(float, words[4::2])))
        if "per_s" not in values:
            raise SystemExit(f"skeleton {argv}: {done.stdout} {done.stderr}")
        return values
