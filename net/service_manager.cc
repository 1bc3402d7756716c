#include "net/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace towline::net {
namespace {

std::string Taken(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

std::int64_t Number(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

ServiceManager ServiceManager::FromEnvironment() {
  ServiceManager made;
  made.socket_ = Taken("NOTIFY_SOCKET");
  const std::int64_t micros = Number(Taken("WATCHDOG_USEC"));
  const std::string process = Taken("WATCHDOG_PID");
  const bool ours = process.empty() || Number(process) == getpid();
  if (!made.socket_.empty() && micros > 0 && ours) {
    made.alive_every_ = std::chrono::milliseconds(std::max<std::int64_t>(micros / 3'000, 1));
  }
  return made;
}

// A busy loop comes by more often than the manager wants to hear.
void ServiceManager::Alive() {
  const auto now = std::chrono::steady_clock::now();
  if (!alive_every_ || now < alive_due_) return;
  alive_due_ = now + *alive_every_ / 2;
  Send("WATCHDOG=1");
}

void ServiceManager::Send(std::string_view state) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  // A manager that does not listen is no reason to stop working.
  [[maybe_unused]] const auto sent =
      sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size()));
  close(fd);
}

}  // namespace towline::net
