// The tables of ready-made job types: what is understood, and one clear line for each mistake.

#include "worker/handler_tables.h"

#include <gtest/gtest.h>

#include "tests/base/scratch.h"
#include "worker/config.h"

namespace towline::worker::testing {
namespace {

class HandlerTablesTest : public ::testing::Test {
 protected:
  Result<Config> Load(const std::string& handler, const std::string& table,
                      const std::set<std::string>& own = {}) {
    return LoadConfig(scratch_.Write("worker.toml",
                                     "name = \"w\"\n[[job_type]]\nname = \"t\"\n"
                                     "handler = \"" +
                                         handler + "\"\n" + table),
                      own);
  }
  std::string Refusal(const std::string& handler, const std::string& table) {
    const auto config = Load(handler, table);
    return config ? "accepted" : config.error().message;
  }
  bool Says(const std::string& handler, const std::string& table, const char* fragment) {
    const std::string said = Refusal(handler, table);
    EXPECT_NE(said.find(fragment), std::string::npos) << said;
    return said.find(fragment) != std::string::npos;
  }
  Scratch scratch_;
};

TEST_F(HandlerTablesTest, EverythingCanBeSaid) {
  const auto http = Load("http",
                         "[job_type.http]\nallow = [\"https://A.example\", \"http://b:8080\"]\n"
                         "methods = [\"PUT\"]\ntimeout_seconds = 5\n"
                         "response_bytes_max = 100\n");
  ASSERT_TRUE(http) << http.error().message;
  const auto& told = std::get<handlers::HttpConfig>(http->types[0].settings);
  EXPECT_EQ(told.allow, (std::set<std::string>{"https://a.example:443", "http://b:8080"}));
  EXPECT_EQ(told.methods, std::set<std::string>{"PUT"});
  EXPECT_EQ(told.timeout_seconds, 5);
  const auto sql = Load("sql",
                        "[job_type.sql]\nconnections = {a = \"sqlite:x.db\", "
                        "b = \"postgresql://u@h/d\"}\nwrite = true\nrows_max = 7\n");
  ASSERT_TRUE(sql) << sql.error().message;
  const auto& asked = std::get<handlers::SqlConfig>(sql->types[0].settings);
  EXPECT_EQ(asked.connections.at("a"), "sqlite:" + scratch_.path() + "/x.db");
  EXPECT_TRUE(asked.write);
  const auto file = Load("file", "[job_type.file]\nroots = {here = \".\"}\n");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_FALSE(std::get<handlers::FileConfig>(file->types[0].settings).write);
}

TEST_F(HandlerTablesTest, AHandlerWithoutItsTableMayDoNothing) {
  EXPECT_TRUE(Says("http", "", "needs a table [job_type.http]"));
  EXPECT_TRUE(Says("http", "[job_type.http]\n", "'http.allow' must list"));
  EXPECT_TRUE(Says("sql", "[job_type.sql]\n", "'sql.connections' must name"));
  EXPECT_TRUE(Says("file", "[job_type.file]\n", "'file.roots' must name"));
  EXPECT_TRUE(Says("add-numbers", "[job_type.http]\nallow = [\"http://a\"]\n", "needs handler"));
}

TEST_F(HandlerTablesTest, MistakesAreTold) {
  EXPECT_TRUE(Says("http", "[job_type.http]\nallow = [\"http://a/path\"]\n", "scheme://host"));
  EXPECT_TRUE(Says("http", "[job_type.http]\nallow = [\"http://a\"]\nmethods = [\"get\"]\n",
                   "in capitals"));
  EXPECT_TRUE(Says("http", "[job_type.http]\nallow = [\"http://a\"]\nmethod = \"GET\"\n",
                   "unknown key 'http.method'"));
  EXPECT_TRUE(
      Says("sql", "[job_type.sql]\nconnections = {a = \"mysql://x\"}\n", "must begin with"));
  EXPECT_TRUE(Says("file", "[job_type.file]\nroots = {a = \"none\"}\n", "there is no directory"));
}

TEST_F(HandlerTablesTest, AProgramMayBringHandlersOfItsOwn) {
  EXPECT_TRUE(Says("count", "", "there is no handler 'count'"));
  EXPECT_TRUE(Load("count", "", {"count"}).has_value());
}

}  // namespace
}  // namespace towline::worker::testing
