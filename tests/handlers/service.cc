#include "tests/handlers/service.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "statemachines/base/check.h"

namespace towline::handlers {

Service::Service(const std::string& script) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  std::string words[] = {TOWLINE_PYTHON, "-B",
                         std::string(TOWLINE_SOURCE_DIR) + "/tests/handlers/" + script};
  char* const argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  CHECK(posix_spawn(&pid_, TOWLINE_PYTHON, &actions, nullptr, argv, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::FILE* const output = fdopen(ends[0], "r");
  CHECK(output != nullptr && std::fscanf(output, "port %d", &port_) == 1);
  std::fclose(output);
}

Service::~Service() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

}  // namespace towline::handlers
