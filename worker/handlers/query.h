#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "worker/sdk/job.h"

namespace towline::handlers {

// One statement for one database, in a transaction of its own.
struct Query {
  std::string sql{};
  json::array parameters{};  // numbers, texts, booleans, null
  bool write = false;
  std::size_t rows_max = 0;
  std::size_t bytes_max = 0;
  std::chrono::steady_clock::time_point deadline{};
  std::stop_token stop{};

  bool stopped() const { return stop.stop_requested(); }
  bool late() const { return std::chrono::steady_clock::now() >= deadline; }
};

// Collects rows within the query's limits.
class Rows {
 public:
  explicit Rows(const Query& query) : query_(query) {}
  // Once, before the first row. False: two have the same name, failure() says it.
  bool SetColumns(std::vector<std::string> names);
  const std::vector<std::string>& columns() const { return columns_; }
  // False: it is one too many, failure() says it.
  bool Add(json::object row);
  sdk::Failure failure() const { return failure_; }
  json::array Take() { return std::move(rows_); }

 private:
  const Query& query_;
  std::vector<std::string> columns_;
  json::array rows_;
  std::size_t bytes_ = 0;
  sdk::Failure failure_;
};

struct Answer {
  json::array rows{};
  std::int64_t changed = 0;
};
using QueryResult = std::variant<Answer, sdk::Failure>;

// What ended a query before its time: a stop or its deadline.
sdk::Failure Interrupted(const Query& query);

QueryResult QuerySqlite(const std::string& path, const Query& query);
// `connection`: a connection string or URI of libpq. It is loaded at the first call.
QueryResult QueryPostgres(const std::string& connection, const Query& query);

}  // namespace towline::handlers
