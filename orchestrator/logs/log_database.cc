#include "orchestrator/logs/log_database.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace towline::logs {
namespace {

constexpr std::size_t kRowBytes = 128;  // of an entry besides its text, for bounds
constexpr std::int64_t kDropAtOnce = 256;

// Pieces by number: in the order of their arrival, so the oldest of all go first.
constexpr const char* kSchema1 = R"sql(
CREATE TABLE streams(id INTEGER PRIMARY KEY, partition INTEGER NOT NULL,
                     execution INTEGER NOT NULL, task INTEGER NOT NULL, attempt INTEGER NOT NULL,
                     worker TEXT NOT NULL, next INTEGER NOT NULL, kept INTEGER NOT NULL,
                     ended INTEGER NOT NULL);
CREATE UNIQUE INDEX streams_by_task ON streams(partition, execution, task, attempt);
CREATE TABLE pieces(number INTEGER PRIMARY KEY AUTOINCREMENT, partition INTEGER NOT NULL,
                    execution INTEGER NOT NULL, stream INTEGER NOT NULL, name TEXT NOT NULL,
                    at INTEGER NOT NULL, written INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX pieces_by_execution ON pieces(partition, execution);
)sql";
constexpr const char* kMigrations[] = {kSchema1};

const store::SqliteSchema& Schema() {
  static constexpr store::SqliteSchema kSchema{.application_id = 0x5457'4C4C,  // "TWLL"
                                               .what = "log",
                                               .version = 1,
                                               .migrations = kMigrations};
  return kSchema;
}

std::int64_t Signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }

// From there on what is new; not in the middle of a character.
std::string_view From(std::string_view text, std::size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) at++;
  return text.substr(at);
}

}  // namespace

LogWriter::LogWriter(const std::string& path, LogLimits limits)
    : limits_(limits),
      connection_(path, Schema(), {.writer = true, .create = true}),
      find_(connection_,
            "SELECT id, worker, next, kept FROM streams "
            "WHERE partition=? AND execution=? AND task=? AND attempt=?"),
      open_(connection_,
            "INSERT INTO streams(partition, execution, task, attempt, worker, next, kept, ended) "
            "VALUES(?, ?, ?, ?, ?, 0, 0, 0) RETURNING id"),
      advance_(connection_,
               "UPDATE streams SET next=?, kept=kept+?, ended=max(ended, ?) WHERE id=?"),
      insert_(connection_,
              "INSERT INTO pieces(partition, execution, stream, name, at, written, text) "
              "VALUES(?, ?, ?, ?, ?, ?, ?)"),
      forget_pieces_(connection_, "DELETE FROM pieces WHERE partition=? AND execution=?"),
      forget_streams_(connection_, "DELETE FROM streams WHERE partition=? AND execution=?"),
      drop_oldest_(connection_,
                   "DELETE FROM pieces WHERE number IN "
                   "(SELECT number FROM pieces ORDER BY number LIMIT ?)") {
  connection_.Execute("PRAGMA synchronous=NORMAL");
}

std::optional<LogWriter::Stream> LogWriter::StreamOf(const LogPiece& piece) {
  const auto find = [&]() -> std::optional<Stream> {
    auto row = find_.Query(std::int64_t{piece.task.partition}, piece.task.execution,
                           Signed(piece.task.task), std::int64_t{piece.attempt});
    if (!row.Next()) return std::nullopt;
    return Stream{.id = row.Int(0),
                  .worker = row.String(1),
                  .next = static_cast<std::uint64_t>(row.Int(2)),
                  .kept = row.Int(3)};
  };
  std::optional<Stream> stream = find();
  if (stream || piece.sender != LogPiece::Sender::kHolder) {
    return stream && stream->worker == piece.worker ? stream : std::nullopt;
  }
  auto row = open_.Query(std::int64_t{piece.task.partition}, piece.task.execution,
                         Signed(piece.task.task), std::int64_t{piece.attempt}, piece.worker);
  while (row.Next()) stream = Stream{.id = row.Int(0), .worker = piece.worker};
  return stream;
}

void LogWriter::Insert(const LogPiece& piece, const Stream& stream, const std::string& name,
                       const std::string& text) {
  const std::uint64_t at = std::max(stream.next, piece.offset);
  insert_.Run(std::int64_t{piece.task.partition}, piece.task.execution, stream.id, name, Signed(at),
              std::int64_t{piece.written.time_since_epoch().count()}, text);
}

std::optional<std::uint64_t> LogWriter::AppendOne(LogPiece& piece) {
  const std::optional<Stream> stream = StreamOf(piece);
  if (!stream) return std::nullopt;
  const std::uint64_t end = piece.offset + piece.text.size();
  const std::int64_t ended = piece.end ? 1 : 0;
  if (end < stream->next || (end == stream->next && !piece.text.empty())) {  // said before
    advance_.Run(Signed(stream->next), std::int64_t{0}, ended, stream->id);
    return stream->next;
  }
  const std::size_t known =
      piece.offset < stream->next ? static_cast<std::size_t>(stream->next - piece.offset) : 0;
  const std::string text(From(piece.text, known));
  const auto size = static_cast<std::int64_t>(text.size());
  const bool gap = piece.offset > stream->next;
  std::int64_t kept = 0;
  if (stream->kept + size <= limits_.job_bytes_max) {
    // An empty piece behind a gap shows that something was lost.
    if (size > 0 || gap) Insert(piece, *stream, piece.stream, text);
    kept = size;
  } else if (stream->kept < limits_.job_bytes_max) {
    Insert(piece, *stream, "note",
           "the server keeps no more of this job: [logs] job_mb in its configuration\n");
    kept = limits_.job_bytes_max - stream->kept;  // full
  }
  advance_.Run(Signed(end), kept, ended, stream->id);
  return end;
}

std::vector<std::optional<std::uint64_t>> LogWriter::Append(std::vector<LogPiece>& pieces) {
  connection_.Execute("BEGIN IMMEDIATE");
  std::vector<std::optional<std::uint64_t>> kept;
  kept.reserve(pieces.size());
  for (LogPiece& piece : pieces) kept.push_back(AppendOne(piece));
  MakeRoom();
  connection_.Execute("COMMIT");
  return kept;
}

// By what the file holds, free pages not counted: they are used again.
void LogWriter::MakeRoom() {
  const auto pragma = [this](const char* sql) {
    store::SqliteStatement statement(connection_, sql);
    auto row = statement.Query();
    return row.Next() ? row.Int(0) : 0;
  };
  const std::int64_t page = pragma("PRAGMA page_size");
  const auto used = [&] {
    return page * (pragma("PRAGMA page_count") - pragma("PRAGMA freelist_count"));
  };
  std::int64_t before = used();
  while (before > limits_.total_bytes_max) {
    drop_oldest_.Run(kDropAtOnce);
    const std::int64_t after = used();
    if (after == before) return;  // nothing is left to drop
    before = after;
  }
}

void LogWriter::Forget(const LogOwner& owner) {
  connection_.Execute("BEGIN IMMEDIATE");
  forget_pieces_.Run(std::int64_t{owner.partition}, owner.execution);
  forget_streams_.Run(std::int64_t{owner.partition}, owner.execution);
  connection_.Execute("COMMIT");
}

void LogWriter::Recover() {
  if (connection_.in_transaction()) connection_.Execute("ROLLBACK");
}

LogReader::LogReader(const std::string& path)
    : connection_(path, Schema(), {}),
      read_(connection_,
            "SELECT p.number, s.task, s.attempt, s.worker, p.name, p.at, p.text, p.written "
            "FROM pieces p JOIN streams s ON s.id=p.stream "
            "WHERE p.partition=? AND p.execution=? AND p.number>? ORDER BY p.number"),
      unended_(connection_,
               "SELECT count(*), sum(ended) FROM streams WHERE partition=? AND execution=?"),
      owners_(connection_,
              "SELECT DISTINCT partition, execution FROM streams "
              "WHERE (partition, execution)>(?, ?) ORDER BY partition, execution LIMIT ?") {}

std::vector<LogEntry> LogReader::Read(const LogOwner& owner, std::int64_t after,
                                      std::size_t bytes_max) {
  std::vector<LogEntry> entries;
  std::size_t bytes = 0;
  auto row = read_.Query(std::int64_t{owner.partition}, owner.execution, after);
  while (bytes < bytes_max && row.Next()) {
    entries.push_back({.number = row.Int(0),
                       .task = static_cast<std::uint64_t>(row.Int(1)),
                       .attempt = static_cast<std::uint32_t>(row.Int(2)),
                       .worker = row.String(3),
                       .stream = row.String(4),
                       .offset = static_cast<std::uint64_t>(row.Int(5)),
                       .text = row.String(6),
                       .written = Timestamp(Millis(row.Int(7)))});
    bytes += kRowBytes + entries.back().text.size();
  }
  return entries;
}

bool LogReader::AllEnded(const LogOwner& owner) {
  auto row = unended_.Query(std::int64_t{owner.partition}, owner.execution);
  return row.Next() && row.Int(0) > 0 && row.Int(0) == row.Int(1);
}

std::vector<LogOwner> LogReader::Owners(const LogOwner& after, int limit) {
  std::vector<LogOwner> owners;
  auto row = owners_.Query(std::int64_t{after.partition}, after.execution, std::int64_t{limit});
  while (row.Next()) {
    owners.push_back({.partition = static_cast<int>(row.Int(0)), .execution = row.Int(1)});
  }
  return owners;
}

}  // namespace towline::logs
