// The door for programs on the same machine, and the commands that go through it.

#include "worker/local_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <future>
#include <optional>

#include "tests/base/scratch.h"
#include "worker/local_command.h"

namespace towline::worker::testing {
namespace {

using Kind = Ports::Answer::Kind;

class LocalSocketTest : public ::testing::Test, protected LocalSocket::Sink {
 protected:
  void OnRequest(std::uint64_t request, jobs::Callback callback) override {
    asked_.push_back(std::move(callback));
    if (answer_) socket_->Reply(request, *answer_);
  }
  void Open() { socket_.reset(new LocalSocket(path_, *this)); }
  // Serves until `call`, which runs on a thread of its own, has its answer.
  template <class F>
  auto Serve(F call) {
    auto result = std::async(std::launch::async, call);
    while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      pollfd ready{.fd = socket_->fd(), .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 10) > 0) socket_->HandleReady();
    }
    return result.get();
  }
  Ports::Answer Ask(const jobs::Callback& callback) {
    return Serve([&] { return AskAgent(path_, callback); });
  }
  int Command(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return Serve([&] { return RunLocalCommand(static_cast<int>(argv.size()), argv.data()); });
  }
  int Raw() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  Scratch scratch_;
  const std::string path_ = scratch_.path() + "/agent.sock";
  std::optional<Ports::Answer> answer_ = Ports::Answer{.kind = Kind::kRecorded};
  std::vector<jobs::Callback> asked_;
  std::unique_ptr<LocalSocket> socket_;
};

TEST_F(LocalSocketTest, IsForItsOwnerOnlyAndGoneAfterwards) {
  Open();
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  socket_.reset();
  EXPECT_NE(stat(path_.c_str(), &info), 0);
}

TEST_F(LocalSocketTest, CarriesARequestAndItsAnswer) {
  Open();
  EXPECT_EQ(Ask({.task_token = "t", .output = "{\"a\":1}"}).kind, Kind::kRecorded);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].task_token, "t");
  EXPECT_EQ(asked_[0].output, "{\"a\":1}");
  answer_ = {.kind = Kind::kStale, .message = "m\""};
  const Ports::Answer stale = Ask({.task_token = "t", .heartbeat = true});
  EXPECT_EQ(stale.kind, Kind::kStale);
  EXPECT_EQ(stale.message, "m\"");
}

TEST_F(LocalSocketTest, ALargeOutputPasses) {
  Open();
  const std::string output = '"' + std::string(65'000, 'x') + '"';
  EXPECT_EQ(Ask({.task_token = "t", .output = output}).kind, Kind::kRecorded);
  EXPECT_EQ(asked_[0].output, output);
}

TEST_F(LocalSocketTest, RubbishIsAnsweredAndHarmless) {
  Open();
  for (const std::string& rubbish : {std::string("hello\n"), std::string("\n"),
                                     std::string(jobs::kMessageBytesMax + 9000, 'x')}) {
    const int fd = Raw();
    ASSERT_EQ(send(fd, rubbish.data(), rubbish.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(rubbish.size()));
    const std::string answer = Serve([fd] {
      std::string line;
      char byte = 0;
      while (recv(fd, &byte, 1, 0) == 1 && byte != '\n') line += byte;
      return line;
    });
    EXPECT_NE(answer.find("invalid"), std::string::npos) << answer;
    close(fd);
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(LocalSocketTest, WhoHangsUpIsForgotten) {
  Open();
  answer_.reset();
  const int fd = Raw();
  const std::string line =
      jobs::Encode(jobs::Callback{.task_token = "t", .heartbeat = true}) + "\n";
  ASSERT_GT(send(fd, line.data(), line.size(), MSG_NOSIGNAL), 0);
  for (int i = 0; i < 100 && asked_.empty(); i++) {
    poll(nullptr, 0, 5);
    socket_->HandleReady();
  }
  close(fd);
  for (int i = 0; i < 5; i++) {
    poll(nullptr, 0, 5);
    socket_->HandleReady();
  }
  socket_->Reply(1, {.kind = Kind::kRecorded});  // nobody is there any more
  answer_ = {.kind = Kind::kRecorded};
  EXPECT_EQ(Ask({.task_token = "t", .heartbeat = true}).kind, Kind::kRecorded);
}

TEST_F(LocalSocketTest, ASocketLeftBehindIsReplacedAndALivingOneIsNot) {
  Open();
  EXPECT_THROW(LocalSocket(path_, *this), std::runtime_error);
  EXPECT_EQ(Ask({.task_token = "t", .heartbeat = true}).kind, Kind::kRecorded);
  socket_.reset();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);  // as after a kill
  Open();
  EXPECT_EQ(Ask({.task_token = "t", .heartbeat = true}).kind, Kind::kRecorded);
}

TEST_F(LocalSocketTest, AnOrdinaryFileIsNotReplaced) {
  scratch_.Write("agent.sock", "precious");
  EXPECT_THROW(Open(), std::runtime_error);
  EXPECT_EQ(scratch_.Read("agent.sock"), "precious");
}

TEST_F(LocalSocketTest, WithoutAnAgentItIsUnavailable) {
  const Ports::Answer answer = AskAgent(path_, {.task_token = "t", .heartbeat = true});
  EXPECT_EQ(answer.kind, Kind::kUnavailable);
  EXPECT_EQ(answer.message, "no agent answers on " + path_ + ": No such file or directory");
}

TEST_F(LocalSocketTest, CommandsSayWhatTheyAreToldTo) {
  Open();
  EXPECT_EQ(Command({"complete", "--token", "t", "--socket", path_, "--output", "{ \"a\": 1.0 }"}),
            0);
  EXPECT_EQ(asked_.back().output, "{\"a\":1}");
  EXPECT_EQ(Command({"complete", "--token", "t", "--socket", path_}), 0);
  EXPECT_EQ(asked_.back().output, "null");
  EXPECT_EQ(Command({"fail", "--token", "t", "--socket", path_, "--error", "E", "--cause", "c"}),
            0);
  EXPECT_EQ(asked_.back().error, "E");
  EXPECT_EQ(asked_.back().cause, "c");
  EXPECT_EQ(Command({"fail", "--token", "t", "--socket", path_}), 0);
  EXPECT_EQ(Command({"heartbeat", "--token", "t", "--socket", path_}), 0);
  EXPECT_TRUE(asked_.back().heartbeat);
  EXPECT_EQ(Command({"progress", "--token", "t", "--socket", path_, "--percent", "40", "--message",
                     "a \"b\""}),
            0);
  EXPECT_EQ(asked_.back().progress, R"({"percent":40,"message":"a \"b\""})");
}

TEST_F(LocalSocketTest, CommandsTakeTokenAndSocketFromTheJobsEnvironment) {
  Open();
  setenv("TOWLINE_TOKEN", "from-env", 1);
  setenv("TOWLINE_SOCKET", path_.c_str(), 1);
  EXPECT_EQ(Command({"heartbeat"}), 0);
  unsetenv("TOWLINE_TOKEN");
  unsetenv("TOWLINE_SOCKET");
  EXPECT_EQ(asked_.back().task_token, "from-env");
}

TEST_F(LocalSocketTest, CommandsFindTheSocketThroughTheConfiguration) {
  Open();
  const std::string file =
      scratch_.Write("w.toml", "name = \"w\"\nstate = \"" + scratch_.path() + "\"\n");
  EXPECT_EQ(Command({"heartbeat", "--token", "t", "--config", file}), 0);
}

TEST_F(LocalSocketTest, ExitCodesTellTheAnswer) {
  Open();
  const auto code = [&] { return Command({"heartbeat", "--token", "t", "--socket", path_}); };
  answer_ = {.kind = Kind::kStale};
  EXPECT_EQ(code(), 3);
  answer_ = {.kind = Kind::kInvalid};
  EXPECT_EQ(code(), 4);
  answer_ = {.kind = Kind::kUnavailable};
  EXPECT_EQ(code(), 5);
}

TEST_F(LocalSocketTest, WrongUseIsRefusedBeforeAnybodyIsAsked) {
  Open();
  const std::vector<std::vector<std::string>> wrong = {
      {"heartbeat", "--socket", path_},
      {"heartbeat", "--token", "t"},
      {"heartbeat", "--token", "t", "--socket", path_, "more"},
      {"complete", "--token", "t", "--socket", path_, "--output", "{"},
      {"complete", "--token", "t", "--socket", path_, "--output",
       '"' + std::string(65'536, 'x') + '"'},
      {"progress", "--token", "t", "--socket", path_},
      {"progress", "--token", "t", "--socket", path_, "--percent", "101"}};
  for (const auto& words : wrong) EXPECT_EQ(Command(words), 2) << words.back();
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace towline::worker::testing
