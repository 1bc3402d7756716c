#include "worker/config.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "proto/jobs/topics.h"
#include "statemachines/base/log.h"
#include "worker/builtin_handlers.h"

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr int kSlotsMax = 10'000;
constexpr int kSecondsMax = 1'000'000;
constexpr std::size_t kSocketPathMax = 107;  // what the kernel takes

// Reads the keys of one table; the first mistake sticks. Keys that nobody asked for are one.
class Reader {
 public:
  Reader(const std::string& path, const toml::table& table, std::string name)
      : path_(path), table_(table), name_(std::move(name)) {}

  void Text(const char* key, std::string& into) {
    Read(key, "a string", [&](const toml::node& node) { return TakeText(node, into); });
  }
  void Integer(const char* key, int& into, int least, int most) {
    const std::string range =
        "an integer from " + std::to_string(least) + " to " + std::to_string(most);
    Read(key, range.c_str(), [&](const toml::node& node) {
      const auto value = node.value<std::int64_t>();
      if (!node.is_integer() || !value || *value < least || *value > most) return false;
      into = static_cast<int>(*value);
      return true;
    });
  }
  void Bool(const char* key, bool& into) {
    Read(key, "true or false", [&](const toml::node& node) {
      if (!node.is_boolean()) return false;
      into = node.value<bool>().value_or(false);
      return true;
    });
  }
  void Texts(const char* key, std::vector<std::string>& into) {
    Read(key, "a list of strings, with one at least", [&](const toml::node& node) {
      const toml::array* const list = node.as_array();
      if (list == nullptr || list->empty()) return false;
      into.clear();
      return std::all_of(list->begin(), list->end(), [&](const toml::node& item) {
        return TakeText(item, into.emplace_back());
      });
    });
  }
  void TextMap(const char* key, std::map<std::string, std::string>& into) {
    Read(key, "a table of strings", [&](const toml::node& node) {
      const toml::table* const entries = node.as_table();
      if (entries == nullptr) return false;
      for (const auto& [name, value] : *entries) {
        if (!TakeText(value, into[std::string(name.str())])) return false;
      }
      return true;
    });
  }
  // One of a few words; `take` gets the word.
  void Word(const char* key, const char* words, const std::function<bool(std::string_view)>& take) {
    Read(key, words, [&](const toml::node& node) {
      std::string word;
      return TakeText(node, word) && take(word);
    });
  }
  void Section(const char* key, const std::function<void(Reader&)>& read) {
    Read(key, "a table", [&](const toml::node& node) {
      const toml::table* const section = node.as_table();
      if (section != nullptr) Nested(*section, key, read);
      return section != nullptr;
    });
  }
  void Sections(const char* key, const std::function<void(Reader&)>& read) {
    Read(key, "tables, each headed by its own [[…]]", [&](const toml::node& node) {
      const toml::array* const list = node.as_array();
      if (list == nullptr) return false;
      for (const toml::node& item : *list) {
        const toml::table* const section = item.as_table();
        if (section == nullptr) return false;
        Nested(*section, key, read);
      }
      return true;
    });
  }

  // A mistake at the key's place, or at the table's when the key is missing.
  void Refuse(const char* key, const std::string& what) {
    const toml::node* const node = table_.get(key);
    Fail(node == nullptr ? table_.source() : node->source(), what);
  }
  void Check(bool good, const char* key, const std::string& what) {
    if (!good) Refuse(key, what);
  }
  bool Has(const char* key) const { return table_.contains(key); }
  bool failed() const { return failed_.has_value(); }
  // A misspelt key explains most of what seems to be missing: it is told first.
  std::optional<Error> Finish() {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (known_.count(name) != 0) continue;
      failed_.reset();
      Fail(node.source(), "unknown key " + Full(name) + "; docs/worker.md lists the keys");
    }
    return failed_;
  }

 private:
  static bool TakeText(const toml::node& node, std::string& into) {
    if (!node.is_string()) return false;
    into = node.value<std::string>().value_or("");
    return true;
  }
  void Read(const char* key, const char* type, const std::function<bool(const toml::node&)>& take) {
    known_.insert(key);
    const toml::node* const node = table_.get(key);
    if (node != nullptr && !failed_ && !take(*node)) {
      Fail(node->source(), Full(key) + " must be " + type);
    }
  }
  void Nested(const toml::table& table, const std::string& name,
              const std::function<void(Reader&)>& read) {
    if (failed_) return;
    Reader nested(path_, table, name);
    read(nested);
    failed_ = nested.Finish();
  }
  std::string Full(const std::string& key) const {
    return "'" + (name_.empty() ? key : name_ + "." + key) + "'";
  }
  void Fail(const toml::source_region& where, const std::string& what) {
    if (failed_) return;
    const auto line = std::max<std::int64_t>(where.begin.line, 1);
    failed_ =
        Error{Error::Code::kInvalidArgument, path_ + ":" + std::to_string(line) + ": " + what};
  }

  const std::string& path_;
  const toml::table& table_;
  const std::string name_;
  std::set<std::string> known_;
  std::optional<Error> failed_;
};

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

void ReadModes(Reader& in, Config::Type& type) {
  in.Word("restart", "\"report\" or \"rerun\"", [&](std::string_view word) {
    if (word == "rerun") type.restart = JobType::Restart::kRerun;
    return word == "report" || word == "rerun";
  });
  in.Word("start", "\"AtLeastOnce\" or \"AtMostOnce\"", [&](std::string_view word) {
    const bool once = word == "AtMostOnce";
    type.start = once ? jobs::StartMode::kAtMostOnce : jobs::StartMode::kAtLeastOnce;
    return once || word == "AtLeastOnce";
  });
  in.Word("on_worker_lost", "\"wait\", \"requeue\" or \"fail\"", [&](std::string_view word) {
    type.on_worker_lost = word;
    return word == "wait" || word == "requeue" || word == "fail";
  });
  in.Word("heartbeat", "\"auto\" or \"manual\"", [&](std::string_view word) {
    type.manual_heartbeat = word == "manual";
    return word == "auto" || word == "manual";
  });
  if (type.start != jobs::StartMode::kAtMostOnce) return;
  in.Check(type.restart != JobType::Restart::kRerun, "restart",
           "a job that starts AtMostOnce cannot be run again: use restart = \"report\"");
  in.Check(type.on_worker_lost != "requeue", "on_worker_lost",
           "a job that starts AtMostOnce cannot be requeued: use \"wait\" or \"fail\"");
}

void ReadType(Reader& in, const fs::path& folder, Config& config) {
  Config::Type& type = config.types.emplace_back();
  in.Text("name", type.name);
  in.Check(jobs::IsJobType(type.name), "name",
           "a job type needs a name of up to 80 letters, digits, '-' and '_'");
  const auto same = [&](const Config::Type& other) { return other.name == type.name; };
  in.Check(std::count_if(config.types.begin(), config.types.end(), same) == 1, "name",
           "job type '" + type.name + "' is there twice");
  in.Integer("slots", type.slots, 1, kSlotsMax);
  int grace = 0;
  in.Integer("grace", grace, 0, kSecondsMax);
  if (in.Has("grace")) type.grace_seconds = grace;
  ReadModes(in, type);
  in.Text("handler", type.handler);
  ReadProgram(in, folder, type.program);
  const std::string what = "job type '" + type.name + "' needs either argv or handler";
  in.Check(type.handler.empty() != type.program.argv.empty(), "name", what);
  in.Check(type.handler.empty() || IsBuiltinHandler(type.handler), "handler",
           "there is no handler '" + type.handler + "'; built in are: " + BuiltinHandlerNames());
}

void ReadNames(Reader& in, Config& config) {
  in.Text("tenant", config.tenant);
  in.Check(jobs::IsTenantName(config.tenant), "tenant",
           "'tenant' must be 1 to 32 of a-z, 0-9 and '-', and not begin with '-'");
  in.Text("name", config.name);
  in.Check(jobs::IsWorkerName(config.name), "name",
           "the worker needs a 'name': 1 to 31 of a-z, 0-9 and '-', not beginning with '-'");
  in.Texts("queues", config.queues);
  in.Check(std::all_of(config.queues.begin(), config.queues.end(), jobs::IsTenantName), "queues",
           "a queue's name must be 1 to 32 of a-z, 0-9 and '-', and not begin with '-'");
}

void ReadConfig(Reader& in, const fs::path& folder, Config& config) {
  in.Integer("slots", config.slots, 1, kSlotsMax);
  in.TextMap("labels", config.labels);
  in.Text("state", config.state);
  in.Text("socket", config.socket);
  in.Text("log_level", config.log_level);
  in.Integer("stop_seconds", config.stop_seconds, 0, kSecondsMax);
  in.Section("broker", [&](Reader& broker) {
    broker.Text("host", config.broker.host);
    broker.Integer("port", config.broker.port, 1, 65'535);
    broker.Text("user", config.broker.user);
    broker.Text("password", config.broker.password);
    for (const auto& [key, file] : {std::pair{"ca", &config.broker.ca},
                                    std::pair{"certificate", &config.broker.certificate},
                                    std::pair{"key", &config.broker.key}}) {
      broker.Text(key, *file);
      if (file->empty()) continue;
      *file = (folder / *file).lexically_normal().string();
      broker.Check(access(file->c_str(), R_OK) == 0, key, "cannot read " + *file);
    }
    broker.Check(!config.broker.ca.empty() || config.broker.key.empty(), "key",
                 "'broker.ca' is missing: the authority of the broker");
    broker.Integer("keepalive_seconds", config.broker.keepalive_seconds, 5, 3'600);
    broker.Check(!config.broker.host.empty(), "host", "'broker.host' must not be empty");
  });
  in.Sections("job_type", [&](Reader& type) { ReadType(type, folder, config); });
  ReadNames(in, config);
  in.Check(!config.state.empty(), "state", "'state' must not be empty");
  in.Check(SetLogLevel(config.log_level), "log_level",
           "'log_level' must be debug, info, warning, error or off");
  if (config.socket.empty()) config.socket = (fs::path(config.state) / "agent.sock").string();
  in.Check(config.socket.size() <= kSocketPathMax, "socket",
           "the path of the local socket is too long: " + config.socket +
               "; give it a shorter one with 'socket'");
}

}  // namespace

Result<Config> LoadConfig(const std::string& path) {
  Config config;
  try {
    const toml::table root = toml::parse_file(path);
    Reader in(path, root, "");
    ReadConfig(in, fs::absolute(path).parent_path(), config);
    if (const auto failed = in.Finish()) return *failed;
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    const std::string what(error.description());
    if (at.line == 0) {
      return Error{Error::Code::kNotFound,
                   path + ": " + what + "; is the path right and the file readable?"};
    }
    return Error{Error::Code::kInvalidArgument, path + ":" + std::to_string(at.line) + ": " + what +
                                                    " (line " + std::to_string(at.line) +
                                                    ", column " + std::to_string(at.column) + ")"};
  }
  return config;
}

}  // namespace towline::worker
