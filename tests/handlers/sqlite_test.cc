// sql on SQLite: values, limits, and statements that try for more.

#include <sqlite3.h>

#include <filesystem>

#include "tests/handlers/run.h"
#include "tests/base/scratch.h"
#include "worker/handlers/sql.h"

namespace towline::handlers {
namespace {

class SqliteTest : public ::testing::Test {
 protected:
  SqliteTest() {
    Execute("h.db",
            "CREATE TABLE samples (tag TEXT, value REAL, at INTEGER, raw BLOB);"
            "INSERT INTO samples VALUES ('T1', 1.5, 1, x'ff00fe'), ('T1', 2.5, 2, NULL),"
            "('T2', 7, 3, NULL)");
    Execute("other.db", "CREATE TABLE secrets (s TEXT); INSERT INTO secrets VALUES ('s')");
  }
  void Execute(const std::string& name, const char* sql) const {
    sqlite3* database = nullptr;
    sqlite3_open((scratch_.path() + "/" + name).c_str(), &database);
    EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }
  SqlConfig Config(bool write = false) const {
    return {.connections = {{"plant", "sqlite:" + scratch_.path() + "/h.db"}},
            .write = write,
            .rows_max = 100,
            .timeout_seconds = 20};
  }
  static json::value Ask(const std::string& sql, json::array parameters = {}) {
    return json::object{{"sql", sql}, {"parameters", std::move(parameters)}};
  }
  const Scratch scratch_;
};

TEST_F(SqliteTest, GivesRowsWithTheirTypes) {
  const auto sql = MakeSql(Config());
  EXPECT_EQ(Do(sql, Ask("SELECT tag, sum(value) AS total FROM samples GROUP BY tag ORDER BY tag")),
            R"({"rows":[{"tag":"T1","total":4},{"tag":"T2","total":7}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT at, raw FROM samples ORDER BY at LIMIT 2")),
            R"({"rows":[{"at":1,"raw":"/wD+"},{"at":2,"raw":null}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT 9223372036854775807 AS n, 1e999 AS i, 0.1 AS d, 'ä' AS t")),
            R"({"rows":[{"n":9223372036854775807,"i":"Infinity","d":0.1,"t":"ä"}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT tag FROM samples WHERE 0")), R"({"rows":[]})");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT 1 AS a, 2 AS a")), "Sql.Failed");
}

TEST_F(SqliteTest, ParametersAreValuesWhateverTheyHold) {
  const auto sql = MakeSql(Config());
  const char* const count = "SELECT count(*) AS n FROM samples WHERE tag = $1";
  EXPECT_EQ(Do(sql, Ask(count, {"T1"})), R"({"rows":[{"n":2}]})");
  EXPECT_EQ(Do(sql, Ask(count, {"T1' OR '1'='1"})), R"({"rows":[{"n":0}]})");
  EXPECT_EQ(Do(sql, Ask(count, {"'; DROP TABLE samples; --"})), R"({"rows":[{"n":0}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT $2 AS b, $1 AS a, ?3 AS c", {1, "x", nullptr})),
            R"({"rows":[{"b":"x","a":1,"c":null}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT ? AS a, ? AS b", {true, 1.5})), R"({"rows":[{"a":1,"b":1.5}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT $1 AS a", {})),
            "Towline.BadInput: the statement has 1 parameters, but 0 are given");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT 1 AS a", {1})), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT $99999 AS a", {1})), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT $1 AS a", {json::array{1}})), "Towline.BadInput");
}

TEST_F(SqliteTest, ReadsOnlyUnlessTheSiteSaysSo) {
  const auto sql = MakeSql(Config());
  for (const char* statement :
       {"DELETE FROM samples", "INSERT INTO samples (tag) VALUES ('x') RETURNING tag",
        "DROP TABLE samples", "CREATE TABLE t (a)", "PRAGMA journal_mode = DELETE",
        "PRAGMA table_info(samples)", "ATTACH 'other.db' AS o", "BEGIN", "COMMIT", "VACUUM",
        "VACUUM INTO 'copy.db'", "SELECT load_extension('x')", "SAVEPOINT s"}) {
    const std::string error = ErrorOf(sql, Ask(statement));
    EXPECT_TRUE(error == "Towline.Refused" || error == "Sql.Failed") << statement << ": " << error;
  }
  const std::string attach = "ATTACH '" + scratch_.path() + "/other.db' AS o";
  EXPECT_EQ(ErrorOf(sql, Ask(attach)), "Towline.Refused");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT 1 AS a; DELETE FROM samples")), "Towline.BadInput");
  EXPECT_EQ(Do(sql, Ask("SELECT count(*) AS n FROM samples; -- end")), R"({"rows":[{"n":3}]})");
}

TEST_F(SqliteTest, AWriteIsOneTransaction) {
  Execute("h.db", "CREATE UNIQUE INDEX one ON samples (at)");
  const auto sql = MakeSql(Config(/*write=*/true));
  EXPECT_EQ(Do(sql, Ask("UPDATE samples SET value = 0 WHERE tag = $1", {"T1"})),
            R"({"rows":[],"changed":2})");
  EXPECT_EQ(Do(sql, Ask("INSERT INTO samples (tag, at) VALUES ($1, 9) RETURNING at", {"x"})),
            R"({"rows":[{"at":9}],"changed":1})");
  EXPECT_EQ(ErrorOf(sql, Ask("INSERT OR FAIL INTO samples (at) SELECT at + 7 FROM samples")),
            "Sql.Failed");
  EXPECT_EQ(Do(sql, Ask("SELECT count(*) AS n FROM samples")), R"({"rows":[{"n":4}],"changed":0})")
      << "the rows before the failure must not stay";
  for (const std::string& statement :
       {std::string("COMMIT"), std::string("ROLLBACK"), "ATTACH '" + scratch_.path() + "/x' AS o",
        "VACUUM INTO '" + scratch_.path() + "/copy.db'", std::string("PRAGMA user_version = 7")}) {
    EXPECT_NE(ErrorOf(sql, Ask(statement)), "none") << statement;
  }
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() + "/copy.db"));
}

TEST_F(SqliteTest, TheSiteNamesConnectionsAndMayNameTheQueries) {
  const auto open = MakeSql(Config());
  EXPECT_EQ(ErrorOf(open, R"({"connection":"sqlite:/etc/x","sql":"SELECT 1 AS a"})"),
            "Towline.Refused");
  EXPECT_EQ(ErrorOf(open, R"({"query":"total"})"), "Towline.Refused");
  EXPECT_EQ(ErrorOf(open, R"({"sql":"SELECT 1 AS a","query":"total"})"), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(open, "{}"), "Towline.BadInput");
  SqlConfig config = Config();
  config.queries["total"] = "SELECT sum(value) AS total FROM samples WHERE tag = $1";
  const auto sql = MakeSql(config);
  EXPECT_EQ(Do(sql, R"({"query":"total","parameters":["T1"]})"), R"({"rows":[{"total":4}]})");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT 1 AS a")), "Towline.Refused");
}

TEST_F(SqliteTest, LimitsRowsBytesAndTime) {
  const char* const endless = "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c) ";
  SqlConfig config = Config();
  config.timeout_seconds = 1;
  const auto sql = MakeSql(config);
  EXPECT_EQ(ErrorOf(sql, Ask(endless + std::string("SELECT x FROM c LIMIT 100"))), "none");
  EXPECT_EQ(ErrorOf(sql, Ask(endless + std::string("SELECT x FROM c LIMIT 101"))), "Sql.TooLarge");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT hex(zeroblob(30000)) AS x")), "Sql.TooLarge");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT zeroblob(1000000000) AS x")), "Sql.Failed");
  EXPECT_EQ(ErrorOf(sql, Ask(endless + std::string("SELECT max(x) AS x FROM c"))), "Sql.Timeout");
  EXPECT_EQ(
      RunAndStop(MakeSql(Config()), Ask(endless + std::string("SELECT max(x) AS x FROM c")), [] {}),
      "Towline.Cancelled: the query was ended");
}

TEST_F(SqliteTest, WaitsForALockUntilItsTimeIsOver) {
  sqlite3* holder = nullptr;
  sqlite3_open((scratch_.path() + "/h.db").c_str(), &holder);
  sqlite3_exec(holder, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
  SqlConfig config = Config();
  config.timeout_seconds = 1;
  EXPECT_EQ(ErrorOf(MakeSql(config), Ask("SELECT count(*) AS n FROM samples")), "Sql.Timeout");
  sqlite3_close(holder);
}

TEST_F(SqliteTest, ADatabaseThatIsMissingIsNotMade) {
  SqlConfig config = Config(/*write=*/true);
  config.connections = {{"none", "sqlite:" + scratch_.path() + "/none.db"}};
  EXPECT_EQ(ErrorOf(MakeSql(config), Ask("SELECT 1 AS a")), "Sql.Failed");
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() + "/none.db"));
}

}  // namespace
}  // namespace towline::handlers
