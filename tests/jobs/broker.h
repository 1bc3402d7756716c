#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace towline::testing {

// Where Debian puts it, which is not on everybody's PATH.
inline constexpr const char* kMosquitto = "/usr/sbin/mosquitto";

inline sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// A listening socket on a port that the kernel has picked.
inline int ListenAnywhere(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  listen(fd, 8);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

// A private mosquitto on a free loopback port; gone with the object.
class Broker {
 public:
  Broker() {
    char path[] = "/tmp/towline-broker-XXXXXX";
    folder_ = mkdtemp(path);
    close(ListenAnywhere(port_));
    std::ofstream(folder_ + "/mosquitto.conf")
        << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\npersistence false\n"
        << "set_tcp_nodelay true\nmax_inflight_messages 0\nlog_dest none\n";
  }
  ~Broker() {
    Kill();
    std::filesystem::remove_all(folder_);
  }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  static bool Installed() { return access(kMosquitto, X_OK) == 0; }
  int port() const { return port_; }

  // Returns when it answers.
  bool Start() {
    const std::string configuration = folder_ + "/mosquitto.conf";
    const char* argv[] = {kMosquitto, "-c", configuration.c_str(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    const int rc =
        posix_spawn(&pid_, kMosquitto, &actions, nullptr, const_cast<char* const*>(argv), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0) return false;
    for (int i = 0; i < 500; i++) {
      const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = Loopback(port_);
      const bool answers =
          connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      close(fd);
      if (answers) return true;
      poll(nullptr, 0, 10);
    }
    return false;
  }

  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void Freeze() const { kill(pid_, SIGSTOP); }
  void Thaw() const { kill(pid_, SIGCONT); }

 private:
  std::string folder_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace towline::testing
