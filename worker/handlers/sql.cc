#include "worker/handlers/sql.h"

#include <algorithm>
#include <memory>

#include "worker/handlers/input.h"
#include "worker/handlers/query.h"

namespace towline::handlers {
namespace {

class Sql {
 public:
  explicit Sql(SqlConfig config) : config_(std::move(config)) {}

  sdk::Outcome Run(const json::value& input, sdk::Context& context) const {
    Input in(input, {"connection", "sql", "query", "parameters"});
    Query query{.write = config_.write,
                .rows_max = static_cast<std::size_t>(config_.rows_max),
                .bytes_max = static_cast<std::size_t>(config_.bytes_max),
                .deadline = std::chrono::steady_clock::now() +
                            std::chrono::seconds(config_.timeout_seconds),
                .stop = context.stop()};
    if (context.about().deadline)
      query.deadline = std::min(query.deadline, *context.about().deadline);
    if (auto failure = ReadStatement(in, query)) return *std::move(failure);
    ReadParameters(in, query);
    const auto connection = FindConnection(in);
    if (!in.good()) return in.failure();
    if (connection == config_.connections.end()) {
      return sdk::Failure{kRefused, "the site has no connection of that name for this job type"};
    }
    QueryResult result = Ask(connection->second, query);
    if (auto* const failure = std::get_if<sdk::Failure>(&result)) return std::move(*failure);
    Answer& answer = std::get<Answer>(result);
    json::object output{{"rows", std::move(answer.rows)}};
    if (config_.write) output["changed"] = answer.changed;
    return output;
  }

 private:
  std::optional<sdk::Failure> ReadStatement(Input& in, Query& query) const {
    const auto name = in.MaybeText("query");
    const auto text = in.MaybeText("sql");
    if (in.good() && name.has_value() == text.has_value())
      in.Refuse("give either 'sql' or 'query'");
    if (!in.good()) return in.failure();
    if (text) {
      if (!config_.queries.empty()) {
        return sdk::Failure{kRefused, "the site runs its own queries only; name one with 'query'"};
      }
      query.sql = *text;
      return std::nullopt;
    }
    const auto found = config_.queries.find(*name);
    if (found == config_.queries.end()) {
      return sdk::Failure{kRefused, "the site has no query of that name for this job type"};
    }
    query.sql = found->second;
    return std::nullopt;
  }

  static void ReadParameters(Input& in, Query& query) {
    const json::value* const parameters = in.Find("parameters");
    if (parameters == nullptr) return;
    if (!parameters->is_array()) return in.Refuse("'parameters' must be a list");
    for (const json::value& each : parameters->get_array()) {
      if (each.is_object() || each.is_array()) {
        return in.Refuse(
            "a parameter must be a number, text, true, false or null; pass JSON as text");
      }
      query.parameters.push_back(each);
    }
  }

  std::map<std::string, std::string>::const_iterator FindConnection(Input& in) const {
    if (in.Find("connection") == nullptr && config_.connections.size() == 1) {
      return config_.connections.begin();
    }
    return config_.connections.find(in.Text("connection"));
  }

  static QueryResult Ask(const std::string& connection, const Query& query) {
    const std::string_view sqlite = kSqlitePrefix;
    if (connection.compare(0, sqlite.size(), sqlite) == 0) {
      return QuerySqlite(connection.substr(sqlite.size()), query);
    }
    // A URI goes to libpq as it is, a list of key=value without the prefix.
    const std::string_view postgres = kPostgresPrefix;
    const bool uri = connection.compare(postgres.size(), 2, "//") == 0;
    return QueryPostgres(uri ? connection : connection.substr(postgres.size()), query);
  }

  const SqlConfig config_;
};

}  // namespace

bool Rows::SetColumns(std::vector<std::string> names) {
  columns_ = std::move(names);
  std::vector<std::string> sorted = columns_;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return true;
  failure_ = {"Sql.Failed", "two columns are called '" + *twice + "': name them with AS"};
  return false;
}

bool Rows::Add(json::object row) {
  bytes_ += JsonSize(row, query_.bytes_max + 1) + 1;
  if (rows_.size() == query_.rows_max) {
    failure_ = {"Sql.TooLarge", "more than " + std::to_string(query_.rows_max) +
                                    " rows; aggregate them or ask with LIMIT"};
    return false;
  }
  if (bytes_ > query_.bytes_max) {
    failure_ = {"Sql.TooLarge", "more than " + std::to_string(query_.bytes_max) +
                                    " bytes of rows; ask for fewer columns or with LIMIT"};
    return false;
  }
  rows_.push_back(std::move(row));
  return true;
}

sdk::Failure Interrupted(const Query& query) {
  if (query.stopped()) return {kCancelled, "the query was ended"};
  return {"Sql.Timeout", "the query took too long and was ended"};
}

sdk::Function MakeSql(SqlConfig config) {
  auto sql = std::make_shared<Sql>(std::move(config));
  return
      [sql](const json::value& input, sdk::Context& context) { return sql->Run(input, context); };
}

}  // namespace towline::handlers
