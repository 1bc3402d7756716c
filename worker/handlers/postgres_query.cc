#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "proto/jobs/json_text.h"
#include "worker/handlers/beneath.h"
#include "worker/handlers/input.h"
#include "worker/handlers/libpq.h"
#include "worker/handlers/postgres_values.h"
#include "worker/handlers/query.h"
#include "worker/handlers/sql.h"

namespace towline::handlers {
namespace {

const Libpq& Pq() { return *LoadLibpq(); }

struct Finish {
  void operator()(PGconn* connection) const { Pq().finish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { Pq().clear(result); }
};
using MaybeFailure = std::optional<sdk::Failure>;

std::string OneLine(const char* text) {
  std::string line = jobs::ToUtf8(text == nullptr ? "" : text);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

// A connection for one query. Nothing here blocks for longer than the query may take, but the
// look-up of the database's name.
class Session {
 public:
  explicit Session(const Query& query)
      : query_(query),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        on_stop_(query.stop, Wake{wake_.get()}) {}

  MaybeFailure Connect(const std::string& where) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        query_.deadline - std::chrono::steady_clock::now());
    const std::string options =
        std::string("-c default_transaction_read_only=") + (query_.write ? "off" : "on") +
        " -c statement_timeout=" + std::to_string(std::max<std::int64_t>(left.count(), 1)) +
        " -c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c bytea_output=hex";
    const std::array<const char*, 6> names{
        "dbname", "options", "client_encoding", "application_name", "tcp_user_timeout", nullptr};
    const std::array<const char*, 6> values{where.c_str(),    options.c_str(), "UTF8",
                                            "towline-worker", "10000",         nullptr};
    connection_.reset(Pq().connectStartParams(names.data(), values.data(), /*expand_dbname=*/1));
    if (connection_ == nullptr) return sdk::Failure{"Sql.Failed", "out of memory"};
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
      if (next == PGRES_POLLING_FAILED || Pq().status(connection_.get()) == CONNECTION_BAD) {
        return Broken();
      }
      if (auto failure = Wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT)) return failure;
      next = Pq().connectPoll(connection_.get());
    }
    Pq().setnonblocking(connection_.get(), 1);
    return std::nullopt;
  }

  // Runs one statement by the extended protocol, which takes one only.
  MaybeFailure Run(const std::string& sql, const json::array& parameters, Rows& rows,
                   std::int64_t& changed) {
    if (auto failure = Send(sql, parameters)) return failure;
    while (true) {
      if (auto failure = Await()) return failure;
      const std::unique_ptr<PGresult, Clear> result(Pq().getResult(connection_.get()));
      if (result == nullptr) return std::nullopt;
      if (auto failure = Take(result.get(), rows, changed)) return failure;
    }
  }

 private:
  struct Wake {
    int fd = -1;
    void operator()() const {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = write(fd, &one, sizeof one);
    }
  };

  sdk::Failure Broken() const {
    return {"Sql.Failed", OneLine(Pq().errorMessage(connection_.get()))};
  }

  // Until the socket is ready.
  MaybeFailure Wait(short events) {
    while (true) {
      if (query_.stopped() || query_.late()) {
        Cancel();
        return Interrupted(query_);
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          query_.deadline - std::chrono::steady_clock::now());
      pollfd waits[] = {{.fd = Pq().socket(connection_.get()), .events = events, .revents = 0},
                        {.fd = wake_.get(), .events = POLLIN, .revents = 0}};
      const auto timeout = std::clamp<std::int64_t>(left.count(), 0, 60'000);
      poll(waits, 2, static_cast<int>(timeout));
      if (waits[0].revents != 0) return std::nullopt;
    }
  }

  // The server would go on for nobody.
  void Cancel() {
    PGcancel* const cancel = Pq().getCancel(connection_.get());
    if (cancel == nullptr) return;
    std::array<char, 256> why{};
    Pq().cancel(cancel, why.data(), static_cast<int>(why.size()));
    Pq().freeCancel(cancel);
  }

  MaybeFailure Send(const std::string& sql, const json::array& parameters) {
    std::vector<std::string> texts;
    for (const json::value& each : parameters) {
      texts.push_back(each.is_string()
                          ? std::string(each.get_string().data(), each.get_string().size())
                          : PrintJson(each));
      if (texts.back().find('\0') != std::string::npos) {
        return sdk::Failure{kBadInput, "PostgreSQL takes no text with a zero byte"};
      }
    }
    std::vector<const char*> values;
    for (std::size_t i = 0; i < texts.size(); i++) {
      values.push_back(parameters[i].is_null() ? nullptr : texts[i].c_str());
    }
    PGconn* const connection = connection_.get();
    if (Pq().sendQueryParams(connection, sql.c_str(), static_cast<int>(values.size()), nullptr,
                             values.data(), nullptr, nullptr, /*resultFormat=*/0) != 1) {
      return Broken();
    }
    Pq().setSingleRowMode(connection);
    int unsent = 1;
    while ((unsent = Pq().flush(connection)) == 1) {
      if (auto failure = Wait(POLLOUT | POLLIN)) return failure;
      if (Pq().consumeInput(connection) != 1) return Broken();
    }
    if (unsent < 0) return Broken();
    return std::nullopt;
  }

  MaybeFailure Await() {
    while (Pq().isBusy(connection_.get()) != 0) {
      if (auto failure = Wait(POLLIN)) return failure;
      if (Pq().consumeInput(connection_.get()) != 1) return Broken();
    }
    return std::nullopt;
  }

  MaybeFailure Take(PGresult* result, Rows& rows, std::int64_t& changed) {
    switch (Pq().resultStatus(result)) {
      case PGRES_SINGLE_TUPLE:
        return TakeRow(result, rows);
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK: {
        const std::string count = Pq().cmdTuples(result);
        std::from_chars(count.data(), count.data() + count.size(), changed);
        return std::nullopt;
      }
      case PGRES_EMPTY_QUERY:
        return sdk::Failure{kBadInput, "there is no statement"};
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        return sdk::Failure{kRefused, "COPY from or to here is not possible"};
      default:
        return Translate(result);
    }
  }

  MaybeFailure TakeRow(PGresult* result, Rows& rows) {
    if (rows.columns().empty()) {
      std::vector<std::string> names;
      for (int i = 0; i < Pq().nfields(result); i++) names.emplace_back(Pq().fname(result, i));
      if (!rows.SetColumns(std::move(names))) return rows.failure();
    }
    json::object row;
    for (int i = 0; i < Pq().nfields(result); i++) {
      const std::string_view text(Pq().getvalue(result, 0, i),
                                  static_cast<std::size_t>(Pq().getlength(result, 0, i)));
      row[rows.columns()[static_cast<std::size_t>(i)]] =
          Pq().getisnull(result, 0, i) != 0 ? json::value(nullptr)
                                            : ValueOfPostgres(Pq().ftype(result, i), text);
    }
    if (rows.Add(std::move(row))) return std::nullopt;
    Cancel();
    return rows.failure();
  }

  sdk::Failure Translate(PGresult* result) const {
    const char* const state = Pq().resultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string code = state == nullptr ? "" : state;
    if (code == "57014") return Interrupted(query_);  // the server's own clock was first
    if (code == "25006") {
      return {kRefused, "the site allows this job type to read only: " +
                            OneLine(Pq().resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))};
    }
    const bool input = code == "08P01" || code == "42601";  // parameters, or not one statement
    return {input ? kBadInput : "Sql.Failed",
            OneLine(Pq().resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)) +
                (code.empty() ? "" : " (SQLSTATE " + code + ")")};
  }

  const Query& query_;
  const Fd wake_;
  std::unique_ptr<PGconn, Finish> connection_;
  const std::stop_callback<Wake> on_stop_;  // last: it uses the descriptor
};

}  // namespace

Status CheckPostgres() {
  if (!LoadLibpq()) return LoadLibpq().error();
  return Ok();
}

QueryResult QueryPostgres(const std::string& connection, const Query& query) {
  if (!LoadLibpq()) return sdk::Failure{kNotReady, LoadLibpq().error().message};
  Session session(query);
  if (auto failure = session.Connect(connection)) return *std::move(failure);
  // Ours, so that a block of code in the statement cannot end it and begin another kind.
  std::int64_t ignored = 0;
  Rows none(query);
  const char* const begin = query.write ? "BEGIN READ WRITE" : "BEGIN READ ONLY";
  if (auto failure = session.Run(begin, {}, none, ignored)) return *std::move(failure);
  Rows rows(query);
  std::int64_t changed = 0;
  if (auto failure = session.Run(query.sql, query.parameters, rows, changed)) {
    return *std::move(failure);
  }
  if (auto failure = session.Run("COMMIT", {}, none, ignored)) return *std::move(failure);
  return Answer{.rows = rows.Take(), .changed = changed};
}

}  // namespace towline::handlers
