#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace towline::net {

// systemd, or whoever else started this program as a service and gave it a socket to report to:
// a datagram of KEY=VALUE to $NOTIFY_SOCKET, which is a path, or @NAME for one without a file.
// Without that variable every call does nothing. Used by the program's main thread.
class ServiceManager {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: what this program
  // starts must not report in its name. Before any other thread begins.
  static ServiceManager FromEnvironment();

  void Ready() { Send("READY=1"); }
  void Stopping() { Send("STOPPING=1"); }
  // Only by the loop that does the work: silence makes the manager restart the program.
  void Alive();

  // How often Alive() is due: thrice in the time that the manager waits. Empty: never.
  std::optional<std::chrono::milliseconds> alive_every() const { return alive_every_; }

 private:
  void Send(std::string_view state) const;

  std::string socket_;  // empty: nobody asked
  std::optional<std::chrono::milliseconds> alive_every_;
  std::chrono::steady_clock::time_point alive_due_{};
};

}  // namespace towline::net
