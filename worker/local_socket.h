#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "proto/jobs/messages.h"
#include "worker/agent.h"

namespace towline::worker {

// The door for programs on the same machine and of the same user (mode 0600): a connection sends
// one jobs::Callback as a line and gets one line back, {"status": …, "message": …} with status
// recorded, stale, invalid or unavailable.
//
// Used by the agent's thread only; nothing blocks.
class LocalSocket {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void OnRequest(std::uint64_t request, jobs::Callback callback) = 0;
  };

  // Throws std::runtime_error, one line for people. A socket that nobody listens on is replaced.
  LocalSocket(const std::string& path, Sink& sink);
  ~LocalSocket();
  LocalSocket(const LocalSocket&) = delete;
  LocalSocket& operator=(const LocalSocket&) = delete;

  int fd() const { return epoll_; }
  void HandleReady();
  void Reply(std::uint64_t request, const Ports::Answer& answer);

 private:
  struct Client {
    int fd = -1;
    std::string line{};
    bool asked = false;
  };
  void Accept();
  void Read(std::uint64_t id, Client& client);
  void Ask(std::uint64_t id, Client& client, std::string_view line);
  void Drop(std::uint64_t id);

  const std::string path_;
  Sink& sink_;
  int listener_ = -1;
  int epoll_ = -1;
  std::uint64_t next_ = 1;  // 0 is the listener
  std::map<std::uint64_t, Client> clients_;
};

// The client's side. Blocks.
Ports::Answer AskAgent(const std::string& socket, const jobs::Callback& callback);

}  // namespace towline::worker
