#pragma once

#include <map>
#include <string>

#include "statemachines/base/result.h"
#include "worker/sdk/job.h"

namespace towline::handlers {

// Asks databases of the site. The workflow names a connection, never where it leads, and its values
// are bound to the statement's parameters, never part of its text.
struct SqlConfig {
  // Name: "sqlite:/path" or whatever libpq takes after "postgresql:".
  std::map<std::string, std::string> connections{};
  std::map<std::string, std::string> queries{};  // name: statement. Not empty: nothing else runs
  bool write = false;                            // else the database itself refuses changes
  int rows_max = 1'000;
  int bytes_max = 48 << 10;  // of the rows as JSON; a job's output takes 64 KiB
  int timeout_seconds = 30;
};

inline constexpr const char* kSqlitePrefix = "sqlite:";
inline constexpr const char* kPostgresPrefix = "postgresql:";

// {"connection"?: may be left out when there is one, "sql" or "query": one of the site's names,
//  "parameters"?: [number, text, true, false or null]} gives {"rows": [{column: value}]}, and with
// `write` also {"changed": rows}. Placeholders are $1, $2, … in both databases.
// Errors: Sql.Failed, Sql.Timeout, Sql.TooLarge, Towline.BadInput, Towline.Refused.
sdk::Function MakeSql(SqlConfig config);

// Loads libpq. Error: it is not installed.
Status CheckPostgres();

}  // namespace towline::handlers
