#include "worker/config_program.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

// Where the program is, absolute; empty when there is none. A name with a slash is relative to
// the configuration file, any other is looked for along PATH.
std::string FindProgram(const std::string& name, const fs::path& folder) {
  const auto runs = [](const fs::path& path) {
    return access(path.c_str(), X_OK) == 0 && !fs::is_directory(path);
  };
  if (name.find('/') != std::string::npos) {
    const fs::path path = folder / name;
    return runs(path) ? path.lexically_normal().string() : "";
  }
  const char* const variable = std::getenv("PATH");
  std::string_view left = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (!left.empty()) {
    const std::string_view each = left.substr(0, left.find(':'));
    left.remove_prefix(std::min(each.size() + 1, left.size()));
    if (!each.empty() && runs(fs::path(each) / name)) return (fs::path(each) / name).string();
  }
  return "";
}

}  // namespace

void ReadProgram(Reader& in, const fs::path& folder, Program& program) {
  in.Texts("argv", program.argv);
  in.Bool("shell", program.shell);
  in.TextMap("env", program.env);
  in.Text("cwd", program.cwd);
  if (in.failed() || program.argv.empty()) return;
  program.cwd = (folder / program.cwd).lexically_normal().string();
  in.Check(fs::is_directory(program.cwd), "cwd", "there is no directory " + program.cwd);
  if (program.shell) {
    in.Check(program.argv.size() == 1, "argv",
             "with shell = true, argv holds one string: the command line for /bin/sh");
    return;
  }
  const std::string path = FindProgram(program.argv[0], folder);
  in.Check(!path.empty(), "argv",
           "'" + program.argv[0] +
               "' is no program that can be run; a name with a slash is relative to this file, "
               "any other is looked for along PATH");
  program.argv[0] = path;
}

}  // namespace towline::worker
