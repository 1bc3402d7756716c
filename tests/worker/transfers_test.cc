// Large payloads between files and a door that breaks off.

#include "worker/transfers.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "statemachines/base/digest.h"
#include "tests/base/scratch.h"

namespace towline::worker::testing {
namespace {

// A door of one payload, one connection at a time: it can stop in the middle of a body.
class Door {
 public:
  Door() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::jthread([this] { Serve(); });
  }
  ~Door() {
    ending_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string url;
  std::string stored;              // what it has, or has got so far
  std::atomic<bool> whole{false};
  std::atomic<std::size_t> break_after{0};  // bytes of a body; 0: never
  std::atomic<int> breaks{0};               // how often
  std::atomic<int> refuse{0};               // with this status
  std::string refusal = "{}";
  std::atomic<int> requests{0};
  std::atomic<bool> hangs{false};  // it takes requests and does not answer

 private:
  void Serve() {
    while (!ending_) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      Answer(fd);
      close(fd);
    }
  }
  static std::size_t NumberAfter(const std::string& head, const std::string& mark) {
    const std::size_t at = head.find(mark);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + mark.size()));
  }
  static void Say(int fd, const std::string& status, const std::string& headers,
                  const std::string& body) {
    const std::string text = "HTTP/1.1 " + status + "\r\nconnection: close\r\n" + headers +
                             "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    [[maybe_unused]] const auto sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }
  void Answer(int fd) {
    std::string text;
    char bytes[16 << 10];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
      if (got <= 0) return;
      text.append(bytes, static_cast<std::size_t>(got));
    }
    requests++;
    while (hangs && !ending_) {
      pollfd gone{.fd = fd, .events = POLLRDHUP, .revents = 0};
      if (poll(&gone, 1, 50) > 0) return;
    }
    const std::size_t end = text.find("\r\n\r\n") + 4;
    const std::string head = text.substr(0, end);
    const std::string mark = "towline-stored: " + std::to_string(stored.size()) + "\r\n";
    if (refuse != 0) return Say(fd, std::to_string(refuse) + " No", "", refusal);
    if (head.substr(0, 5) == "HEAD ") return Say(fd, whole ? "200 OK" : "404 No", mark, "");
    if (head.substr(0, 4) == "PUT ") return TakeBody(fd, head, text.substr(end));
    const std::string rest = stored.substr(NumberAfter(head, "range: bytes="));
    if (breaks > 0 && rest.size() > break_after) {
      breaks--;
      const std::string part = "HTTP/1.1 206 Partial\r\ncontent-length: " +
                               std::to_string(rest.size()) + "\r\n\r\n" +
                               rest.substr(0, break_after);
      [[maybe_unused]] const auto sent = send(fd, part.data(), part.size(), MSG_NOSIGNAL);
      return;
    }
    Say(fd, "206 Partial", "", rest);
  }
  void TakeBody(int fd, const std::string& head, std::string body) {
    const std::size_t from = NumberAfter(head, "content-range: bytes ");
    const std::size_t size = NumberAfter(head, "Content-Length: ");
    EXPECT_EQ(from, stored.size());
    const bool breaks_off = breaks > 0 && size > break_after;
    const std::size_t most = breaks_off ? break_after.load() : size;
    char bytes[16 << 10];
    while (body.size() < most) {
      const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
      if (got <= 0) break;
      body.append(bytes, static_cast<std::size_t>(got));
    }
    stored += body;
    if (breaks_off) {
      breaks--;
      return;
    }
    whole = true;
    Say(fd, "201 Created", "", "");
  }

  int listener_ = -1;
  std::atomic<bool> ending_{false};
  std::jthread thread_;
};

class TransfersTest : public ::testing::Test, protected Transfers::Sink {
 protected:
  TransfersTest() { Begin(); }
  void Begin() {
    transfers_ = std::make_unique<Transfers>(
        Transfers::Options{.state = scratch_.path(),
                           .door = {.url = door_.url},
                           .pause = std::chrono::milliseconds(1)},
        static_cast<Transfers::Sink&>(*this));
  }
  void OnFetched(JobId, Result<Fetched> fetched) override { fetched_ = std::move(fetched); }
  void OnKept(JobId, Result<Reference> kept) override { kept_ = std::move(kept); }
  void OnUploaded(JobId, Status uploaded) override { uploaded_ = std::move(uploaded); }
  template <class Done>
  void Until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done() && std::chrono::steady_clock::now() < end) {
      pollfd ready{.fd = transfers_->fd(), .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 50) > 0) transfers_->HandleReady();
    }
    ASSERT_TRUE(done());
  }
  static Reference ReferenceTo(const std::string& content) {
    return {.sha256 = *HexDigest("SHA-256", content), .size = content.size()};
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  static std::string Much() {
    std::string text = "\"";
    for (int i = 0; text.size() < 1'000'000; i++) text += std::to_string(i);
    return text + "\"";
  }
  std::size_t Outgoing() const {
    const std::filesystem::directory_iterator files(transfers_->outgoing());
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  const JournalKey key_{"a/token", 1};
  Scratch scratch_;
  Door door_;
  std::optional<Result<Fetched>> fetched_;
  std::optional<Result<Reference>> kept_;
  std::optional<Status> uploaded_;
  std::unique_ptr<Transfers> transfers_;
};

TEST_F(TransfersTest, FetchGoesOnWhereItBrokeOff) {
  door_.stored = Much();
  door_.break_after = 300'000;
  door_.breaks = 3;
  const Reference reference = ReferenceTo(door_.stored);
  transfers_->Fetch(1, {reference}, /*as_text=*/false);
  Until([&] { return fetched_.has_value(); });
  ASSERT_TRUE(*fetched_) << fetched_->error().message;
  const std::string path = (*fetched_)->paths[reference.sha256];
  EXPECT_EQ(Read(path), door_.stored);
  struct stat facts {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0444u);
  EXPECT_EQ(door_.requests, 4);
  transfers_->Discard(1);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(TransfersTest, FetchAsTextGivesTheContent) {
  door_.stored = Much();
  transfers_->Fetch(1, {ReferenceTo(door_.stored)}, /*as_text=*/true);
  Until([&] { return fetched_.has_value(); });
  ASSERT_TRUE(*fetched_) << fetched_->error().message;
  EXPECT_EQ((*fetched_)->content, door_.stored);
}

TEST_F(TransfersTest, WrongContentIsNotBelieved) {
  door_.stored = Much();
  Reference reference = ReferenceTo(door_.stored);
  door_.stored[5] = '#';
  transfers_->Fetch(1, {reference}, /*as_text=*/false);
  Until([&] { return fetched_.has_value(); });
  ASSERT_FALSE(*fetched_);
  EXPECT_EQ(fetched_->error().name, "Towline.PayloadUnreachable");
}

TEST_F(TransfersTest, WhatIsMissingIsNotAskedForAgain) {
  door_.refuse = 404;
  door_.refusal = R"({"error":"Towline.PayloadMissing","message":"it is gone"})";
  transfers_->Fetch(1, {ReferenceTo("x")}, /*as_text=*/false);
  Until([&] { return fetched_.has_value(); });
  ASSERT_FALSE(*fetched_);
  EXPECT_EQ(fetched_->error().name, "Towline.PayloadMissing");
  EXPECT_EQ(fetched_->error().message, "it is gone");
  EXPECT_EQ(door_.requests, 1);
}

TEST_F(TransfersTest, AbortEndsARepeatedFetch) {
  door_.refuse = 503;
  transfers_->Fetch(1, {ReferenceTo("x")}, /*as_text=*/false);
  Until([&] { return door_.requests > 2; });
  transfers_->Abort(1);
  Until([&] { return fetched_.has_value(); });
  EXPECT_FALSE(*fetched_);
}

TEST_F(TransfersTest, UploadGoesOnWhereTheServerIs) {
  const std::string text = Much();
  transfers_->Keep(1, key_, text, "");
  Until([&] { return kept_.has_value(); });
  ASSERT_TRUE(*kept_) << kept_->error().message;
  EXPECT_EQ(**kept_, ReferenceTo(text));
  EXPECT_EQ(transfers_->KeptBytes(key_), text.size());
  door_.break_after = 300'000;
  door_.breaks = 3;
  transfers_->Upload(1, key_, **kept_);
  Until([&] { return uploaded_.has_value(); });
  ASSERT_TRUE(*uploaded_) << uploaded_->error().message;
  EXPECT_TRUE(door_.stored == text);
  EXPECT_EQ(door_.breaks, 0);
  const int before = door_.requests;
  uploaded_.reset();
  transfers_->Upload(1, key_, **kept_);
  Until([&] { return uploaded_.has_value(); });
  EXPECT_EQ(door_.requests, before + 1) << "what is there is only looked for";
  transfers_->Release(key_);
  EXPECT_EQ(Outgoing(), 0u);
}

TEST_F(TransfersTest, RefusedUploadIsNotRepeated) {
  transfers_->Keep(1, key_, "\"x\"", "");
  Until([&] { return kept_.has_value(); });
  door_.refuse = 413;
  door_.refusal = R"({"error":"Towline.QuotaExceeded","message":"full"})";
  transfers_->Upload(1, key_, **kept_);
  Until([&] { return uploaded_.has_value(); });
  ASSERT_FALSE(*uploaded_);
  EXPECT_EQ(uploaded_->error().code, Error::Code::kResourceExhausted);
}

TEST_F(TransfersTest, UploadsThatHangHoldUpNothingElse) {
  door_.hangs = true;
  for (JobId id = 1; id <= 5; id++) {
    transfers_->Upload(id, {"a/token", static_cast<std::uint32_t>(id)}, ReferenceTo("x"));
  }
  Until([&] { return door_.requests > 0; });
  transfers_->Keep(6, key_, "\"x\"", "");
  Until([&] { return kept_.has_value(); });
  EXPECT_TRUE(*kept_);
  EXPECT_FALSE(uploaded_);
}

TEST_F(TransfersTest, FileIsTakenOverAndStrangersGo) {
  const std::string file = transfers_->outgoing() + "/job-7";
  std::ofstream(file) << "any bytes";
  std::ofstream(transfers_->outgoing() + "/stranger") << "x";
  transfers_->Keep(1, key_, "", file);
  Until([&] { return kept_.has_value(); });
  ASSERT_TRUE(*kept_) << kept_->error().message;
  EXPECT_EQ(**kept_, ReferenceTo("any bytes"));
  transfers_.reset();
  Begin();
  transfers_->KeepOnly({key_});
  EXPECT_EQ(Outgoing(), 1u);
  EXPECT_EQ(transfers_->KeptBytes(key_), 9u);
}

}  // namespace
}  // namespace towline::worker::testing
