// sql on PostgreSQL, a server of the test's own. Skips where PostgreSQL is not installed.

#include "tests/handlers/run.h"
#include "tests/handlers/service.h"
#include "worker/handlers/sql.h"

namespace towline::handlers {
namespace {

class PostgresTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new Service("postgres_server.py");
    if (server_->port() == 0) return;
    const auto sql = MakeSql(Config(/*write=*/true));
    EXPECT_EQ(ErrorOf(sql, Ask("CREATE TABLE samples (tag text, value float8, at int UNIQUE)")),
              "none");
    EXPECT_EQ(Do(sql, Ask("INSERT INTO samples VALUES ('T1', 1.5, 1), ('T1', 2.5, 2), "
                          "('T2', 7, 3)")),
              R"({"rows":[],"changed":3})");
  }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override {
    if (server_->port() == 0) GTEST_SKIP() << "PostgreSQL is not installed";
  }
  static SqlConfig Config(bool write = false) {
    return {.connections = {{"erp", "postgresql://towline@127.0.0.1:" +
                                        std::to_string(server_->port()) + "/postgres"}},
            .write = write,
            .rows_max = 100,
            .timeout_seconds = 20};
  }
  static json::value Ask(const std::string& sql, json::array parameters = {}) {
    return json::object{{"sql", sql}, {"parameters", std::move(parameters)}};
  }
  static Service* server_;
};
Service* PostgresTest::server_ = nullptr;

TEST_F(PostgresTest, GivesRowsWithTheirTypes) {
  const auto sql = MakeSql(Config());
  EXPECT_EQ(Do(sql, Ask("SELECT tag, sum(value) AS total FROM samples GROUP BY tag ORDER BY tag")),
            R"({"rows":[{"tag":"T1","total":4},{"tag":"T2","total":7}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT 9223372036854775807 AS n, 1.25::numeric AS d, 'NaN'::float8 AS x,"
                        " true AS b, NULL AS z, '\\xff00fe'::bytea AS raw")),
            R"({"rows":[{"n":9223372036854775807,"d":1.25,"x":"NaN","b":true,"z":null,)"
            R"("raw":"/wD+"}]})");
  EXPECT_EQ(Do(sql, Ask("SELECT '2026-01-02 04:04:05.5+01'::timestamptz AS a,"
                        " '2026-01-02 03:04:05'::timestamp AS b, '2026-01-02'::date AS c,"
                        " '{\"k\": [1]}'::jsonb AS j, ARRAY[1, 2] AS l")),
            R"({"rows":[{"a":"2026-01-02T03:04:05.5Z","b":"2026-01-02T03:04:05",)"
            R"("c":"2026-01-02","j":{"k":[1]},"l":"{1,2}"}]})");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT 1 AS a, 2 AS a")), "Sql.Failed");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT none")), "Sql.Failed");
}

TEST_F(PostgresTest, ParametersAreValuesWhateverTheyHold) {
  const auto sql = MakeSql(Config());
  const char* const count = "SELECT count(*) AS n FROM samples WHERE tag = $1";
  EXPECT_EQ(Do(sql, Ask(count, {"T1"})), R"({"rows":[{"n":2}]})");
  EXPECT_EQ(Do(sql, Ask(count, {"T1' OR '1'='1"})), R"({"rows":[{"n":0}]})");
  EXPECT_EQ(Do(sql, Ask(count, {"'; DROP TABLE samples; --"})), R"({"rows":[{"n":0}]})");
  EXPECT_EQ(
      Do(sql, Ask("SELECT $1::int + 1 AS a, $2::text AS b, $3::bool AS c", {1, nullptr, true})),
      R"({"rows":[{"a":2,"b":null,"c":true}]})");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT $1::int AS a", {})), "Towline.BadInput");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT $1::text AS a", {std::string("a\0b", 3)})),
            "Towline.BadInput");
}

TEST_F(PostgresTest, ReadsOnlyUnlessTheSiteSaysSo) {
  const auto sql = MakeSql(Config());
  for (const char* statement :
       {"DELETE FROM samples", "CREATE TABLE t (a int)", "DROP TABLE samples",
        "INSERT INTO samples VALUES ('x', 0, 99)",
        "SET TRANSACTION READ WRITE; DELETE FROM samples", "SELECT 1 AS a; DELETE FROM samples",
        "WITH x AS (SELECT set_config('transaction_read_only', 'off', false)) "
        "INSERT INTO samples SELECT 'x', 0, 99 FROM x",
        "DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM samples; END $$",
        "DO $$ BEGIN DELETE FROM samples; END $$", "COPY samples TO STDOUT",
        "COPY samples FROM STDIN"}) {
    EXPECT_NE(ErrorOf(sql, Ask(statement)), "none") << statement;
  }
  EXPECT_EQ(ErrorOf(sql, Ask("DELETE FROM samples")), "Towline.Refused");
  // A change of the session ends with the job.
  ErrorOf(sql, Ask("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"));
  EXPECT_EQ(ErrorOf(sql, Ask("DELETE FROM samples")), "Towline.Refused");
  EXPECT_EQ(Do(sql, Ask("SELECT count(*) AS n FROM samples")), R"({"rows":[{"n":3}]})");
}

TEST_F(PostgresTest, AWriteIsOneTransaction) {
  const auto sql = MakeSql(Config(/*write=*/true));
  EXPECT_EQ(ErrorOf(sql, Ask("INSERT INTO samples VALUES ('x', 0, 50), ('x', 0, 50)")),
            "Sql.Failed");
  EXPECT_EQ(Do(sql, Ask("INSERT INTO samples VALUES ($1, 0, 51) RETURNING at", {"x"})),
            R"({"rows":[{"at":51}],"changed":1})");
  EXPECT_EQ(Do(sql, Ask("DELETE FROM samples WHERE tag = 'x'")), R"({"rows":[],"changed":1})");
}

TEST_F(PostgresTest, LimitsRowsBytesAndTime) {
  const auto sql = MakeSql(Config());
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT generate_series(1, 100) AS x")), "none");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT generate_series(1, 100000000) AS x")), "Sql.TooLarge");
  EXPECT_EQ(ErrorOf(sql, Ask("SELECT repeat('x', 50000) AS x")), "Sql.TooLarge");
  SqlConfig config = Config();
  config.timeout_seconds = 1;
  EXPECT_EQ(ErrorOf(MakeSql(config), Ask("SELECT pg_sleep(60) AS x")), "Sql.Timeout");
}

TEST_F(PostgresTest, AStopEndsTheQueryAtTheServerToo) {
  const auto sql = MakeSql(Config());
  const char* const sleepers =
      "SELECT count(*) AS n FROM pg_stat_activity "
      "WHERE query LIKE 'SELECT pg_sleep(61)%' AND state = 'active'";
  const auto asleep = [&] {
    return Parsed(Do(sql, Ask(sleepers))).at("rows").at(0).at("n").as_int64();
  };
  EXPECT_EQ(RunAndStop(sql, Ask("SELECT pg_sleep(61) AS x"),
                       [&] {
                         while (asleep() == 0) {
                         }
                       }),
            "Towline.Cancelled: the query was ended");
  for (int i = 0; i < 1'000 && asleep() > 0; i++) {
  }
  EXPECT_EQ(asleep(), 0);
}

TEST(PostgresAwayTest, IsAnErrorOfTheJob) {
  if (!CheckPostgres()) GTEST_SKIP() << "libpq is not installed";
  const auto sql = MakeSql({.connections = {{"a", "postgresql:host=127.0.0.1 port=1"}}});
  EXPECT_EQ(ErrorOf(sql, R"({"sql":"SELECT 1 AS a"})"), "Sql.Failed");
}

}  // namespace
}  // namespace towline::handlers
