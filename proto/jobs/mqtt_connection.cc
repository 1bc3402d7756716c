#include "proto/jobs/mqtt_connection.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <random>
#include <system_error>
#include <thread>

#include "proto/jobs/mqtt_session.h"

namespace towline::jobs {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout{5'000};     // TCP handshake
constexpr milliseconds kHandshakeTimeout{10'000};  // CONNACK and SUBACK
constexpr milliseconds kMiscInterval{2'000};       // how often keep-alive is looked after
constexpr milliseconds kBackoffFirst{1'000};
// Short, so that a job does not miss its heartbeat while the link has long been back.
constexpr milliseconds kBackoffMax{10'000};
constexpr milliseconds kComplaintInterval{60'000};
constexpr milliseconds kStable{5'000};  // a connection that lived as long is retried at once

int TimeoutUntil(Clock::time_point when) {
  const auto left = std::chrono::ceil<milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void InitializeLibraryOnce() {
  static const int rc = mosquitto_lib_init();
  if (rc != MOSQ_ERR_SUCCESS) throw std::runtime_error("cannot initialise libmosquitto");
}

}  // namespace

struct MqttConnection::Impl {
  Impl(Options given, Handlers called)
      : options(std::move(given)),
        handlers(std::move(called)),
        wake_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        random(std::random_device{}()) {
    if (wake_fd.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    InitializeLibraryOnce();
  }

  void Run();
  bool Reachable();
  bool Handshake(int fd, const sockaddr* address, socklen_t size);
  bool RunSession(MqttSession& session);  // was it ever up?
  void Turn(MqttSession& session, Clock::time_point until);
  void HandOver(MqttSession& session);
  void SetUp();
  void SetDown(MqttSession& session, bool was_up);
  void Drain(MqttSession& session);
  void Complain();
  void Pause(milliseconds delay);
  milliseconds NextDelay(bool was_stable);
  void Wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd.get(), &one, sizeof one);
  }
  void ClearWake() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(wake_fd.get(), &count, sizeof count);
  }
  void SetError(std::string text) {
    const std::lock_guard lock(mutex);
    error = std::move(text);
  }

  const Options options;
  const Handlers handlers;
  const Descriptor wake_fd;
  std::atomic<bool> stopping = false;
  std::atomic<int> drain_ms = 0;

  std::mutex mutex;
  // State below is guarded by mutex.
  bool is_up = false;
  std::vector<Publication> queue;
  std::size_t backlog_bytes = 0;
  std::string error = "not started";

  // Owned by the thread.
  MqttSession::Protocol protocol = MqttSession::Protocol::kV5;
  bool version_known = false;  // the broker has refused 5 in so many words
  int failures = 0;
  Clock::time_point complain_at{};
  std::minstd_rand random;

  std::jthread thread;  // last: ends before the rest goes
};

MqttConnection::MqttConnection(Options options, Handlers handlers)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handlers))) {}

MqttConnection::~MqttConnection() { Stop(0); }

void MqttConnection::Start() {
  impl_->thread = std::jthread([impl = impl_.get()] { impl->Run(); });
}

void MqttConnection::Stop(int drain_ms) {
  impl_->drain_ms = drain_ms;
  impl_->stopping = true;
  impl_->Wake();
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool MqttConnection::Publish(Publication publication) {
  const std::size_t bytes = publication.topic.size() + publication.payload.size();
  bool wake = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->is_up || impl_->stopping) return false;
    if (impl_->backlog_bytes + bytes > impl_->options.backlog_bytes_max) return false;
    impl_->backlog_bytes += bytes;
    wake = impl_->queue.empty();  // otherwise somebody has woken it already
    impl_->queue.push_back(std::move(publication));
  }
  if (wake) impl_->Wake();
  return true;
}

bool MqttConnection::up() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->is_up;
}

std::string MqttConnection::last_error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->error;
}

void MqttConnection::Impl::Run() {
  while (!stopping) {
    const auto began = Clock::now();
    bool was_up = false;
    bool hung_up = false;
    if (Reachable()) {
      const auto will = handlers.make_will ? handlers.make_will() : std::nullopt;
      MqttSession session(options, protocol, will, handlers.on_message);
      session.Connect();
      was_up = RunSession(session);
      if (stopping) return;
      if (!was_up) SetError(session.reason());
      const bool v5 = protocol == MqttSession::Protocol::kV5;
      if (session.refused_version()) {
        version_known = true;
        protocol = MqttSession::Protocol::kV311;
        continue;
      }
      // Some 3.1.1 brokers just hang up on a CONNECT of version 5: try the other one next time.
      hung_up = v5 && !was_up && !session.answered();
      if (!version_known) {
        protocol = hung_up ? MqttSession::Protocol::kV311 : MqttSession::Protocol::kV5;
      }
    }
    if (was_up) complain_at = {};
    if (!was_up && !hung_up && !stopping) Complain();  // what hung up may speak 3.1.1
    Pause(NextDelay(was_up && Clock::now() - began > kStable));
  }
}

void MqttConnection::Impl::Complain() {
  const auto now = Clock::now();
  if (!handlers.on_unreachable || now < complain_at) return;
  complain_at = now + kComplaintInterval;
  std::string why;
  {
    const std::lock_guard lock(mutex);
    why = error;
  }
  handlers.on_unreachable(std::move(why));
}

// Full jitter, so that a thousand workers do not come back as one.
milliseconds MqttConnection::Impl::NextDelay(bool was_stable) {
  if (was_stable) {
    failures = 0;
    return milliseconds(0);
  }
  const auto most = std::min(kBackoffFirst * (1 << std::min(failures, 6)), kBackoffMax);
  failures++;
  std::uniform_int_distribution<std::int64_t> spread(most.count() / 20, most.count());
  return milliseconds(spread(random));
}

void MqttConnection::Impl::Pause(milliseconds delay) {
  const auto until = Clock::now() + delay;
  while (!stopping && Clock::now() < until) {
    pollfd wait{.fd = wake_fd.get(), .events = POLLIN, .revents = 0};
    poll(&wait, 1, TimeoutUntil(until));
    ClearWake();
  }
}

// libmosquitto's own connect blocks for minutes when packets vanish: see first, with a bound and
// a way out, that somebody answers.
bool MqttConnection::Impl::Reachable() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  const std::string where = options.host + ":" + port;
  if (const int rc = getaddrinfo(options.host.c_str(), port.c_str(), &hints, &found); rc != 0) {
    SetError("cannot resolve " + where + ": " + gai_strerror(rc));
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr && !stopping; each = each->ai_next) {
    const Descriptor fd(socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() >= 0 && Handshake(fd.get(), each->ai_addr, each->ai_addrlen)) return true;
  }
  SetError("cannot connect to " + where + ": " + std::strerror(errno));
  return false;
}

bool MqttConnection::Impl::Handshake(int fd, const sockaddr* address, socklen_t size) {
  if (connect(fd, address, size) == 0) return true;
  if (errno != EINPROGRESS) return false;
  const auto until = Clock::now() + kConnectTimeout;
  pollfd waits[] = {{.fd = fd, .events = POLLOUT, .revents = 0},
                    {.fd = wake_fd.get(), .events = POLLIN, .revents = 0}};
  while (!stopping && waits[0].revents == 0 && Clock::now() < until) {
    poll(waits, 2, TimeoutUntil(until));
    ClearWake();
  }
  int failure = ETIMEDOUT;
  socklen_t length = sizeof failure;
  if (waits[0].revents != 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length);
  errno = failure;
  return failure == 0;
}

bool MqttConnection::Impl::RunSession(MqttSession& session) {
  const auto handshake_until = Clock::now() + kHandshakeTimeout;
  while (!stopping && session.state() < MqttSession::State::kUp && Clock::now() < handshake_until) {
    Turn(session, handshake_until);
  }
  if (session.state() < MqttSession::State::kUp) session.Break("the broker did not answer in time");
  const bool is_session_up = session.state() == MqttSession::State::kUp;
  if (is_session_up) {
    SetUp();
    handlers.on_up();
  }
  while (!stopping && session.state() == MqttSession::State::kUp) {
    Turn(session, Clock::now() + kMiscInterval);
  }
  if (stopping) Drain(session);
  SetDown(session, is_session_up);
  return is_session_up;
}

// One round: waits until something is to be done, and does it.
void MqttConnection::Impl::Turn(MqttSession& session, Clock::time_point until) {
  const short wants = session.WantsWrite() ? POLLIN | POLLOUT : POLLIN;
  pollfd waits[] = {{.fd = session.fd(), .events = wants, .revents = 0},
                    {.fd = wake_fd.get(), .events = POLLIN, .revents = 0}};
  poll(waits, 2, std::min(TimeoutUntil(until), static_cast<int>(kMiscInterval.count())));
  if (waits[1].revents != 0) ClearWake();
  if (session.state() == MqttSession::State::kUp) HandOver(session);
  if ((waits[0].revents & ~POLLOUT) != 0) session.Read();
  if (session.state() != MqttSession::State::kBroken && (waits[0].revents & POLLOUT) != 0) {
    session.Write();
  }
  if (session.state() != MqttSession::State::kBroken) session.Misc();
}

void MqttConnection::Impl::HandOver(MqttSession& session) {
  std::vector<Publication> batch;
  const std::size_t acknowledged = session.TakeAcknowledgedBytes();
  {
    const std::lock_guard lock(mutex);
    backlog_bytes -= acknowledged;
    batch.swap(queue);
  }
  if (batch.empty()) return;
  const bool many = batch.size() > 1;
  if (many) session.Cork(true);
  for (Publication& publication : batch) session.Publish(std::move(publication));
  if (many) session.Cork(false);
}

void MqttConnection::Impl::SetUp() {
  const std::lock_guard lock(mutex);
  is_up = true;
  error.clear();
}

void MqttConnection::Impl::SetDown(MqttSession& session, bool was_up) {
  std::vector<Publication> dropped;
  {
    const std::lock_guard lock(mutex);
    is_up = false;
    error = session.reason();
    dropped.swap(queue);
    backlog_bytes = 0;
  }
  session.FailUnacknowledged();
  for (Publication& publication : dropped) {
    if (publication.on_ack) publication.on_ack(false);
  }
  if (was_up && !stopping) handlers.on_down(session.reason());
}

void MqttConnection::Impl::Drain(MqttSession& session) {
  const auto until = Clock::now() + milliseconds(drain_ms);
  if (session.state() == MqttSession::State::kUp) HandOver(session);
  while (session.state() == MqttSession::State::kUp && Clock::now() < until &&
         (session.unacknowledged() > 0 || session.WantsWrite())) {
    Turn(session, until);
  }
  if (session.state() != MqttSession::State::kBroken) session.Disconnect();
}

}  // namespace towline::jobs
