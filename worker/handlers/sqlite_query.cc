#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "proto/jobs/json_text.h"
#include "statemachines/base/base64.h"
#include "worker/handlers/input.h"
#include "worker/handlers/query.h"

namespace towline::handlers {
namespace {

constexpr int kStepsBetweenLooks = 1'000;  // of SQLite's machine: microseconds
constexpr int kValueBytesMax = 8 << 20;
constexpr int kStatementBytesMax = 64 << 10;
constexpr int kLockPauseMs = 10;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, CloseStatement>;

int IsOver(void* query) {
  const auto& self = *static_cast<const Query*>(query);
  return self.stopped() || self.late() ? 1 : 0;
}

int OnLocked(void* query, int) {
  if (IsOver(query) != 0) return 0;
  sqlite3_sleep(kLockPauseMs);
  return 1;
}

// A statement counts as read-only that attaches another file or changes a setting, and one
// transaction is all it gets.
int Authorise(void*, int action, const char*, const char* name, const char*, const char*) {
  switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return SQLITE_DENY;
    case SQLITE_FUNCTION:
      return sqlite3_stricmp(name, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    default:
      return SQLITE_OK;
  }
}

sdk::Failure Failed(sqlite3* database, const Query& query) {
  if (query.stopped() || query.late()) return Interrupted(query);
  const int code = sqlite3_errcode(database) & 0xFF;
  const std::string what = database == nullptr ? "out of memory" : sqlite3_errmsg(database);
  if (code == SQLITE_AUTH) {
    return {kRefused, what + ": ATTACH, PRAGMA and transactions are the site's business"};
  }
  if (code == SQLITE_READONLY) return {kRefused, "the site allows this job type to read only"};
  return {"Sql.Failed", what};
}

// $3 and ?3 are the third parameter wherever they stand, as in PostgreSQL; others count.
std::size_t NumberOf(sqlite3_stmt* statement, int index) {
  const char* const name = sqlite3_bind_parameter_name(statement, index);
  if (name == nullptr) return static_cast<std::size_t>(index);
  const std::string digits(name + 1);
  const bool numbered = (name[0] == '$' || name[0] == '?') && !digits.empty() &&
                        digits.size() < 6 &&
                        digits.find_first_not_of("0123456789") == std::string::npos;
  return numbered ? std::stoul(digits) : static_cast<std::size_t>(index);
}

int BindOne(sqlite3_stmt* statement, int index, const json::value& value) {
  if (value.is_null()) return sqlite3_bind_null(statement, index);
  if (value.is_bool()) return sqlite3_bind_int(statement, index, value.get_bool() ? 1 : 0);
  if (value.is_int64()) return sqlite3_bind_int64(statement, index, value.get_int64());
  if (value.is_string()) {
    const auto& text = value.get_string();
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_double(statement, index, value.to_number<double>());
}

std::optional<sdk::Failure> Bind(sqlite3* database, sqlite3_stmt* statement, const Query& query) {
  const int count = sqlite3_bind_parameter_count(statement);
  std::size_t wanted = 0;
  for (int i = 1; i <= count; i++) wanted = std::max(wanted, NumberOf(statement, i));
  if (wanted != query.parameters.size()) {
    return sdk::Failure{kBadInput, "the statement has " + std::to_string(wanted) +
                                       " parameters, but " +
                                       std::to_string(query.parameters.size()) + " are given"};
  }
  for (int i = 1; i <= count; i++) {
    const std::size_t number = NumberOf(statement, i);
    if (number == 0) return sdk::Failure{kBadInput, "parameters count from $1"};
    if (BindOne(statement, i, query.parameters[number - 1]) != SQLITE_OK) {
      return Failed(database, query);
    }
  }
  return std::nullopt;
}

json::value ValueOf(sqlite3_stmt* statement, int column) {
  const auto bytes = [&](const void* data) {
    const int size = sqlite3_column_bytes(statement, column);
    return data == nullptr
               ? std::string_view()
               : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT: {
      const double number = sqlite3_column_double(statement, column);
      if (std::isfinite(number)) return number;
      return json::value(number > 0 ? "Infinity" : "-Infinity");
    }
    case SQLITE_TEXT:
      return json::value(jobs::ToUtf8(bytes(sqlite3_column_text(statement, column))));
    case SQLITE_BLOB:
      return json::value(ToBase64(bytes(sqlite3_column_blob(statement, column))));
    default:
      return nullptr;
  }
}

std::variant<Statement, sdk::Failure> Prepare(sqlite3* database, const Query& query) {
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v2(database, query.sql.data(), static_cast<int>(query.sql.size() + 1),
                                &prepared, &rest);
  Statement statement(prepared);
  if (code != SQLITE_OK) return Failed(database, query);
  if (statement == nullptr) return sdk::Failure{kBadInput, "there is no statement"};
  sqlite3_stmt* second = nullptr;
  code = sqlite3_prepare_v2(database, rest, -1, &second, nullptr);
  const Statement another(second);
  if (code != SQLITE_OK || another != nullptr) {
    return sdk::Failure{kBadInput, "one statement is run at a time"};
  }
  if (!query.write && sqlite3_stmt_readonly(statement.get()) == 0) {
    return sdk::Failure{kRefused, "the site allows this job type to read only"};
  }
  return {std::move(statement)};
}

QueryResult Step(sqlite3* database, const Query& query) {
  auto prepared = Prepare(database, query);
  if (auto* const failure = std::get_if<sdk::Failure>(&prepared)) return std::move(*failure);
  sqlite3_stmt* const statement = std::get<Statement>(prepared).get();
  if (auto failure = Bind(database, statement, query)) return *std::move(failure);
  Rows rows(query);
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(statement); i++) {
    names.push_back(jobs::ToUtf8(sqlite3_column_name(statement, i)));
  }
  if (!rows.SetColumns(std::move(names))) return rows.failure();
  const int before = sqlite3_total_changes(database);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    json::object row;
    for (std::size_t i = 0; i < rows.columns().size(); i++) {
      row[rows.columns()[i]] = ValueOf(statement, static_cast<int>(i));
    }
    if (!rows.Add(std::move(row))) return rows.failure();
  }
  if (code != SQLITE_DONE) return Failed(database, query);
  return Answer{.rows = rows.Take(), .changed = sqlite3_total_changes(database) - before};
}

// Outside the statement's own rules: these are ours.
bool Control(sqlite3* database, const char* sql) {
  sqlite3_set_authorizer(database, nullptr, nullptr);
  const bool good = sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_set_authorizer(database, &Authorise, nullptr);
  return good;
}

}  // namespace

QueryResult QuerySqlite(const std::string& path, const Query& query) {
  sqlite3* opened = nullptr;
  const int flags = (query.write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  const Database database(opened);
  if (code != SQLITE_OK) return Failed(opened, query);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_limit(opened, SQLITE_LIMIT_SQL_LENGTH, kStatementBytesMax);
  sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
  auto* const context = const_cast<Query*>(&query);
  sqlite3_progress_handler(opened, kStepsBetweenLooks, &IsOver, context);
  sqlite3_busy_handler(opened, &OnLocked, context);
  sqlite3_set_authorizer(opened, &Authorise, nullptr);
  if (!query.write) return Step(opened, query);
  if (!Control(opened, "BEGIN IMMEDIATE")) return Failed(opened, query);
  QueryResult result = Step(opened, query);  // closing without a commit undoes it
  if (std::holds_alternative<Answer>(result) && !Control(opened, "COMMIT")) {
    return Failed(opened, query);
  }
  return result;
}

}  // namespace towline::handlers
