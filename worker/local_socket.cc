#include "worker/local_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "proto/jobs/json_text.h"

namespace towline::worker {
namespace {

constexpr std::size_t kClientsMax = 64;
constexpr const char* kWords[] = {"recorded", "stale", "invalid", "unavailable"};

sockaddr_un Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

int NewSocket(int flags) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0); }

bool Connect(int fd, const std::string& path) {
  const sockaddr_un address = Address(path);
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool SomebodyListens(const std::string& path) {
  const int fd = NewSocket(0);
  const bool listens = fd >= 0 && Connect(fd, path);
  if (fd >= 0) close(fd);
  return listens;
}

std::string AnswerLine(const Ports::Answer& answer) {
  jobs::JsonWriter out;
  out.BeginObject();
  out.Key("status");
  out.String(kWords[static_cast<int>(answer.kind)]);
  if (!answer.message.empty()) {
    out.Key("message");
    out.String(answer.message);
  }
  out.EndObject();
  return out.Take() + "\n";
}

bool SendAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

LocalSocket::LocalSocket(const std::string& path, Sink& sink) : path_(path), sink_(sink) {
  const auto refuse = [&](const std::string& why) {
    if (listener_ >= 0) close(listener_);
    throw std::runtime_error("cannot listen on the local socket " + path + ": " + why);
  };
  if (SomebodyListens(path)) refuse("another process does");
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) refuse("there is a file of that name");
    unlink(path.c_str());
  }
  listener_ = NewSocket(SOCK_NONBLOCK);
  if (listener_ < 0) refuse(std::strerror(errno));
  const sockaddr_un address = Address(path);
  const mode_t before = umask(0177);  // never open to others, not even for a moment
  const int rc = bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  umask(before);
  if (rc != 0) refuse(std::strerror(error));
  if (listen(listener_, 16) != 0) refuse(std::strerror(errno));
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) {
    refuse(std::strerror(errno));
  }
}

LocalSocket::~LocalSocket() {
  for (auto& [id, client] : clients_) close(client.fd);
  close(listener_);
  close(epoll_);
  unlink(path_.c_str());
}

void LocalSocket::HandleReady() {
  constexpr int kEvents = 16;
  epoll_event events[kEvents];
  const int count = epoll_wait(epoll_, events, kEvents, 0);
  for (int i = 0; i < count; i++) {
    const std::uint64_t id = events[i].data.u64;
    if (id == 0) {
      Accept();
    } else if (const auto found = clients_.find(id); found != clients_.end()) {
      Read(id, found->second);
    }
  }
}

void LocalSocket::Accept() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  if (clients_.size() >= kClientsMax) {
    close(fd);
    return;
  }
  const std::uint64_t id = next_++;
  clients_[id].fd = fd;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void LocalSocket::Read(std::uint64_t id, Client& client) {
  char bytes[4096];
  const ssize_t got = read(client.fd, bytes, sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return Drop(id);  // whoever hangs up does not want to know
  if (client.asked) return;
  client.line.append(bytes, static_cast<std::size_t>(got));
  const std::size_t end = client.line.find('\n');
  if (end != std::string::npos) {
    client.asked = true;
    const std::string line = client.line.substr(0, end);
    Ask(id, client, line);
  } else if (client.line.size() > jobs::kMessageBytesMax) {
    Reply(id, {.kind = Ports::Answer::Kind::kInvalid, .message = "the request is too large"});
  }
}

void LocalSocket::Ask(std::uint64_t id, Client&, std::string_view line) {
  Result<jobs::Callback> callback = jobs::DecodeCallback(line);
  if (!callback) {
    return Reply(id, {.kind = Ports::Answer::Kind::kInvalid, .message = callback.error().message});
  }
  sink_.OnRequest(id, *std::move(callback));
}

void LocalSocket::Reply(std::uint64_t request, const Ports::Answer& answer) {
  const auto found = clients_.find(request);
  if (found == clients_.end()) return;
  SendAll(found->second.fd, AnswerLine(answer));  // fits any socket's buffer
  Drop(request);
}

void LocalSocket::Drop(std::uint64_t id) {
  const auto found = clients_.find(id);
  close(found->second.fd);
  clients_.erase(found);
}

Ports::Answer AskAgent(const std::string& socket, const jobs::Callback& callback) {
  using Kind = Ports::Answer::Kind;
  const auto unavailable = [&](const std::string& why) {
    return Ports::Answer{.kind = Kind::kUnavailable,
                         .message = "no agent answers on " + socket + ": " + why};
  };
  const int fd = NewSocket(0);
  if (fd < 0 || !Connect(fd, socket)) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) close(fd);
    return unavailable(why);
  }
  std::string line;
  if (SendAll(fd, jobs::Encode(callback) + "\n")) {
    char bytes[1024];
    for (ssize_t got = 0; line.find('\n') == std::string::npos;) {
      got = read(fd, bytes, sizeof bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      line.append(bytes, static_cast<std::size_t>(got));
    }
  }
  close(fd);
  Ports::Answer answer;
  std::string status;
  jobs::JsonReader in(line);
  const bool read_well = in.Object([&](std::string_view key) {
    if (key == "status") return in.String(status);
    if (key == "message") return in.String(answer.message);
    return in.Skip();
  });
  for (int i = 0; read_well && i < 4; i++) {
    if (status != kWords[i]) continue;
    answer.kind = static_cast<Kind>(i);
    return answer;
  }
  return unavailable("it has hung up");
}

}  // namespace towline::worker
