#include "worker/handler_tables.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "net/curl.h"
#include "net/url.h"
#include "statemachines/base/check.h"

namespace towline::worker {
namespace {

namespace fs = std::filesystem;
using handlers::FileConfig;
using handlers::HttpConfig;
using handlers::SqlConfig;

constexpr int kTimeoutSecondsMax = 24 * 3600;
constexpr int kOutputBytesMax = 64 << 10;
constexpr int kRowsMax = 60'000;

std::string Absolute(const fs::path& folder, const std::string& path) {
  return (folder / path).lexically_normal().string();
}

void ReadHttp(Reader& in, const fs::path& folder, HttpConfig& http) {
  std::vector<std::string> allow;
  in.Texts("allow", allow);
  in.Check(!allow.empty(), "allow", "'http.allow' must list the services that may be called");
  for (const std::string& each : allow) {
    const auto origin = net::ParseOrigin(each);
    in.Check(origin.has_value(), "allow", origin ? "" : "'http.allow': " + origin.error().message);
    if (origin) http.allow.insert(*origin);
  }
  std::vector<std::string> methods(http.methods.begin(), http.methods.end());
  in.Texts("methods", methods);
  http.methods = {methods.begin(), methods.end()};
  for (const std::string& method : methods) {
    in.Check(!method.empty() && method.size() <= 20 &&
                 method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
             "methods", "'http.methods' are words in capitals, such as \"POST\"");
  }
  in.Integer("timeout_seconds", http.timeout_seconds, 1, kTimeoutSecondsMax);
  in.Integer("response_bytes_max", http.response_bytes_max, 1, kOutputBytesMax);
  in.Text("ca", http.ca);
  if (!http.ca.empty()) {
    http.ca = Absolute(folder, http.ca);
    in.Check(access(http.ca.c_str(), R_OK) == 0, "ca", "cannot read " + http.ca);
  }
}

void ReadSql(Reader& in, const fs::path& folder, SqlConfig& sql) {
  in.TextMap("connections", sql.connections);
  in.Check(!sql.connections.empty(), "connections",
           "'sql.connections' must name the databases that may be asked");
  const std::string sqlite = handlers::kSqlitePrefix;
  for (auto& [name, where] : sql.connections) {
    if (where.compare(0, sqlite.size(), sqlite) == 0) {
      where.replace(sqlite.size(), std::string::npos,
                    Absolute(folder, where.substr(sqlite.size())));
    } else {
      in.Check(where.compare(0, 11, handlers::kPostgresPrefix) == 0, "connections",
               "connection '" + name + "' must begin with \"sqlite:\" or \"postgresql:\"");
    }
  }
  in.TextMap("queries", sql.queries);
  in.Bool("write", sql.write);
  in.Integer("rows_max", sql.rows_max, 1, kRowsMax);
  in.Integer("bytes_max", sql.bytes_max, 1, kOutputBytesMax);
  in.Integer("timeout_seconds", sql.timeout_seconds, 1, kTimeoutSecondsMax);
}

void ReadFile(Reader& in, const fs::path& folder, FileConfig& file) {
  in.TextMap("roots", file.roots);
  in.Check(!file.roots.empty(), "roots", "'file.roots' must name the directories that may be used");
  for (auto& [name, directory] : file.roots) {
    directory = Absolute(folder, directory);
    in.Check(fs::is_directory(directory), "roots", "there is no directory " + directory);
  }
  in.Bool("write", file.write);
  in.Integer("bytes_max", file.bytes_max, 1, kOutputBytesMax);
  in.Integer("entries_max", file.entries_max, 1, kRowsMax);
}

template <class Config, class Read>
void ReadTable(Reader& in, const std::string& name, const std::string& handler,
               HandlerSettings& settings, Read read) {
  Config config;
  in.Section(name.c_str(), [&](Reader& table) { read(table, config); });
  const bool wanted = handler == name;
  in.Check(wanted || !in.Has(name.c_str()), name.c_str(),
           "a table '" + name + "' needs handler = \"" + name + "\"");
  in.Check(
      !wanted || in.Has(name.c_str()), "handler",
      "handler = \"" + name + "\" needs a table [job_type." + name + "] that says what it may do");
  if (wanted) settings = std::move(config);
}

}  // namespace

void ReadHandlerTables(Reader& in, const fs::path& folder, const std::string& handler,
                       HandlerSettings& settings) {
  ReadTable<HttpConfig>(in, "http", handler, settings,
                        [&](Reader& table, HttpConfig& http) { ReadHttp(table, folder, http); });
  ReadTable<SqlConfig>(in, "sql", handler, settings,
                       [&](Reader& table, SqlConfig& sql) { ReadSql(table, folder, sql); });
  ReadTable<FileConfig>(in, "file", handler, settings,
                        [&](Reader& table, FileConfig& file) { ReadFile(table, folder, file); });
}

bool IsReadyMade(std::string_view handler) {
  return handler == "http" || handler == "sql" || handler == "file";
}
std::string ReadyMadeNames() { return "http, sql, file"; }

sdk::Function MakeReadyMade(const HandlerSettings& settings) {
  if (const auto* const http = std::get_if<HttpConfig>(&settings)) return handlers::MakeHttp(*http);
  if (const auto* const sql = std::get_if<SqlConfig>(&settings)) return handlers::MakeSql(*sql);
  const auto* const file = std::get_if<FileConfig>(&settings);
  CHECK(file != nullptr);
  return handlers::MakeFile(*file);
}

Status CheckLibraries(const HandlerSettings& settings) {
  if (std::holds_alternative<HttpConfig>(settings) && !net::LoadCurl()) {
    return net::LoadCurl().error();
  }
  const auto* const sql = std::get_if<SqlConfig>(&settings);
  if (sql == nullptr) return Ok();
  const bool postgres = std::any_of(
      sql->connections.begin(), sql->connections.end(),
      [](const auto& each) { return each.second.compare(0, 11, handlers::kPostgresPrefix) == 0; });
  return postgres ? handlers::CheckPostgres() : Ok();
}

}  // namespace towline::worker
