#include "orchestrator/dev.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "statemachines/base/log.h"

namespace towline {
namespace {

namespace fs = std::filesystem;

Error Failed(const std::string& what) { return Error{Error::Code::kUnavailable, what}; }

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return 0;
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  int port = 0;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(listener);
  return port;
}

bool Answers(int port) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const sockaddr_in address = Loopback(port);
  const bool connected =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  return connected;
}

void Pause(int milliseconds) { poll(nullptr, 0, milliseconds); }

// A program beside our own first, then wherever the PATH or the usual places have it.
std::string FindProgram(const std::string& name) {
  std::error_code ignored;
  const fs::path own = fs::read_symlink("/proc/self/exe", ignored).parent_path() / name;
  if (fs::exists(own, ignored)) return own;
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/usr/local/sbin", "/usr/sbin"}) {
    const fs::path path = fs::path(folder) / name;
    if (fs::exists(path, ignored)) return path;
  }
  return {};
}

Status WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Failed("cannot write " + path.string() + ": " + std::strerror(errno));
  return Ok();
}

std::string WorkerToml(const std::string& state, int port) {
  return "# Made by `towline-server dev`. Yours to change: it is not written again, except for\n"
         "# the port of the broker.\n"
         "tenant = \"default\"\n"
         "name = \"dev\"\n"
         "slots = 8\n"
         "state = \"" + state + "\"\n\n"
         "[labels]\n"
         "site = \"amsterdam\"\n\n"
         "[broker]\n"
         "host = \"127.0.0.1\"\n"
         "port = " + std::to_string(port) + "  # the dev broker\n\n"
         "[[job_type]]\n"
         "name = \"add-numbers\"\n"
         "handler = \"add-numbers\"\n\n"
         "[[job_type]]\n"
         "name = \"echo\"\n"
         "argv = [\"/bin/cat\"]\n\n"
         "[[job_type]]\n"
         "name = \"sleep\"  # {\"seconds\": 5}\n"
         "argv = [\"/bin/sh\", \"-c\", \"read -r input; s=$(printf %s \\\"$input\\\" | sed -n "
         "'s/.*\\\"seconds\\\" *: *\\\\([0-9]*\\\\).*/\\\\1/p'); "
         "echo '{\\\"message\\\": \\\"asleep\\\"}' >&3; exec sleep \\\"${s:-1}\\\"\"]\n";
}

// The broker gets a new port at each start; the rest of an edited file stays.
Status PointWorkerAt(const fs::path& path, int port) {
  std::ifstream file(path);
  std::string text, line;
  while (std::getline(file, line)) {
    if (line.ends_with("# the dev broker")) {
      line = "port = " + std::to_string(port) + "  # the dev broker";
    }
    text += line + "\n";
  }
  return WriteFile(path, text);
}

}  // namespace

Status DevChildren::StartBroker(Config& config) {
  const std::string mosquitto = FindProgram("mosquitto");
  if (mosquitto.empty()) {
    return Failed("mosquitto is not installed; `apt-get install mosquitto`, or start the server "
                  "with --broker HOST:PORT of another broker instead of dev");
  }
  std::error_code error;
  fs::create_directories(fs::path(directory_) / "worker", error);
  if (error) return Failed("cannot make " + directory_ + ": " + error.message());
  broker_port_ = FreePort();
  config.broker.port = broker_port_;
  const fs::path conf = fs::path(directory_) / "mosquitto.conf";
  // As root mosquitto would change to a user of its own, and so no longer die with us.
  const std::string user = geteuid() == 0 ? "user root\n" : "";
  const Status written = WriteFile(
      conf, "listener " + std::to_string(broker_port_) +
                " 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
                "max_inflight_messages 0\nmax_queued_messages 10000\npersistence false\n"
                "log_dest stderr\nlog_type error\nlog_type warning\n" + user);
  if (!written) return written;
  Child child{.name = "mosquitto", .argv = {mosquitto, "-c", conf.string()}};
  if (Status spawned = Spawn(child); !spawned) return spawned;
  children_.push_back(child);
  for (int i = 0; i < 100; i++, Pause(20)) {
    if (Answers(broker_port_)) return Ok();
  }
  return Failed("the broker does not answer; see " + directory_ + "/mosquitto.log");
}

Status DevChildren::StartWorker() {
  const std::string program = FindProgram("towline-worker");
  if (program.empty()) {
    return Failed("towline-worker was not found beside towline-server nor in /usr/bin");
  }
  const fs::path toml = fs::path(directory_) / "worker.toml";
  const Status written =
      fs::exists(toml)
          ? PointWorkerAt(toml, broker_port_)
          : WriteFile(toml, WorkerToml((fs::path(directory_) / "worker").string(), broker_port_));
  if (!written) return written;
  Child child{.name = "towline-worker", .argv = {program, "--config", toml.string()}};
  if (Status spawned = Spawn(child); !spawned) return spawned;
  children_.push_back(child);
  return Ok();
}

Status DevChildren::Spawn(Child& child) {
  const std::string log = directory_ + "/" + child.name + ".log";
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) return Failed("cannot write " + log + ": " + std::strerror(errno));
  std::vector<char*> argv;
  for (std::string& argument : child.argv) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    // A group of its own, so that Ctrl-C reaches the server alone, which then ends the children.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(out);
  if (pid < 0) return Failed("cannot start " + child.argv[0] + ": " + std::strerror(errno));
  child.pid = pid;
  child.started = Steady::now();
  return Ok();
}

void DevChildren::Supervise() {
  const auto now = Steady::now();
  for (Child& child : children_) {
    int status = 0;
    if (child.pid > 0 && waitpid(child.pid, &status, WNOHANG) == child.pid) {
      child.pid = -1;
      child.failures = now - child.started > std::chrono::seconds{30} ? 1 : child.failures + 1;
      child.restart_at = now + std::chrono::seconds{std::min(child.failures, 10)};
      Log(LogLevel::kWarning, "child_ended",
          {{"name", child.name}, {"log", directory_ + "/" + child.name + ".log"}});
    }
    if (child.pid < 0 && now >= child.restart_at) {
      if (Status spawned = Spawn(child); !spawned) {
        Log(LogLevel::kError, "child_not_started", {{"why", spawned.error().message}});
        child.restart_at = now + std::chrono::seconds{10};
      }
    }
  }
}

void DevChildren::End(Child& child) {
  if (child.pid <= 0) return;
  kill(child.pid, SIGTERM);
  for (int i = 0; i < 250; i++, Pause(20)) {
    if (waitpid(child.pid, nullptr, WNOHANG) != 0) {
      child.pid = -1;
      return;
    }
  }
  kill(-child.pid, SIGKILL);
  waitpid(child.pid, nullptr, 0);
  child.pid = -1;
}

void DevChildren::StopWorker() {
  if (children_.size() > 1) End(children_.back());
}

void DevChildren::Stop() {
  for (auto child = children_.rbegin(); child != children_.rend(); ++child) End(*child);
}

}  // namespace towline
