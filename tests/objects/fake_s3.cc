#include "tests/objects/fake_s3.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "statemachines/base/check.h"

namespace towline::objects {

FakeS3::FakeS3(const std::vector<std::string>& arguments) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  std::vector<std::string> words = {TOWLINE_PYTHON, "-B",
                                    std::string(TOWLINE_SOURCE_DIR) + "/tests/objects/fake_s3.py"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  CHECK(posix_spawn(&pid_, TOWLINE_PYTHON, &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::FILE* const output = fdopen(ends[0], "r");
  CHECK(output != nullptr && std::fscanf(output, "port %d", &port_) == 1);
  std::fclose(output);
}

FakeS3::~FakeS3() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

S3Options FakeS3::Options() const {
  S3Options options;
  options.endpoint = "http://127.0.0.1:" + std::to_string(port_);
  options.region = "eu-test-1";
  options.credentials = [] {
    return Credentials{.access_key_id = "AKIDTEST", .secret_access_key = "secret/with+chars"};
  };
  options.attempts_max = 4;
  options.backoff_first = Millis(1);
  options.backoff_max = Millis(5);
  return options;
}

std::vector<std::string> FakeS3::Requests(const std::string& begin) const {
  net::HttpClient client({});
  const auto response =
      client.Perform({.url = "http://127.0.0.1:" + std::to_string(port_) + "/_requests"});
  CHECK(response);
  std::vector<std::string> found;
  std::istringstream lines(response->body);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(begin, 0) == 0) found.push_back(line);
  }
  return found;
}

}  // namespace towline::objects
