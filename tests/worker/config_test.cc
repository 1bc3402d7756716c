// The site's file: what is understood, and one clear line for each mistake.

#include "worker/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/base/scratch.h"

namespace towline::worker::testing {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  Result<Config> Load(const std::string& text) {
    return LoadConfig(scratch_.Write("worker.toml", text));
  }
  // The message, without the path in front.
  std::string Refusal(const std::string& text) {
    const auto config = Load(text);
    if (config) return "accepted";
    const std::string path = scratch_.path() + "/worker.toml:";
    EXPECT_EQ(config.error().message.rfind(path, 0), 0U) << config.error().message;
    EXPECT_EQ(config.error().message.find('\n'), std::string::npos);
    return config.error().message.substr(path.size());
  }
  std::string RefusalOfType(const std::string& lines) {
    return Refusal("name = \"w\"\n[[job_type]]\nname = \"t\"\n" + lines);
  }
  Scratch scratch_;
};

TEST_F(ConfigTest, ANameIsEnough) {
  const auto config = Load("name = \"ams-1\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tenant, "default");
  EXPECT_EQ(config->slots, 4);
  EXPECT_EQ(config->queues, std::vector<std::string>{"default"});
  EXPECT_EQ(config->broker.host, "127.0.0.1");
  EXPECT_EQ(config->broker.port, 1883);
  EXPECT_EQ(config->state, "./towline-worker-data");
  EXPECT_EQ(config->socket, "./towline-worker-data/agent.sock");
  EXPECT_TRUE(config->types.empty());
}

TEST_F(ConfigTest, AJobTypesBoundsAreTheSites) {
  const auto config = Load(R"(
name = "w"
cgroup = "never"
[[job_type]]
name = "t"
argv = ["/bin/sh"]
env_pass = []
private_tmp = false
[job_type.limits]
cpu = 0.5
memory_mb = 64
pids = 10
open_files = 100
file_mb = 5
output_mb = 2
wall_clock_seconds = 60
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->cgroup, "never");
  const Config::Type& type = config->types[0];
  EXPECT_TRUE(type.program.env_pass.empty());
  EXPECT_FALSE(type.program.private_tmp);
  EXPECT_FALSE(type.program.user);
  EXPECT_EQ(type.wall_clock_seconds, 60);
  const Limits& limits = type.program.limits;
  EXPECT_EQ(limits.cpu, 0.5);
  EXPECT_EQ(limits.memory_mb, 64);
  EXPECT_EQ(limits.pids, 10);
  EXPECT_EQ(limits.open_files, 100);
  EXPECT_EQ(limits.file_mb, 5);
  EXPECT_EQ(limits.output_mb, 2);
}

TEST_F(ConfigTest, SecretsAreGrantedToAJobType) {
  const auto config = Load(
      "name = \"w\"\nsecrets = \"keys\"\n[[job_type]]\nname = \"t\"\nargv = [\"/bin/sh\"]\n"
      "secrets = [\"erp\", \"mill.key\"]\n[secret_variables]\nerp = \"ERP_TOKEN\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->secrets, scratch_.path() + "/keys");
  EXPECT_EQ(config->types[0].secrets, (std::set<std::string>{"erp", "mill.key"}));
  EXPECT_EQ(config->secret_variables.at("erp"), "ERP_TOKEN");
  EXPECT_EQ(RefusalOfType("argv = [\"/bin/sh\"]\nsecrets = [\"../x\"]\n"),
            "5: a secret's name holds letters, digits, '-', '_' and '.', and does not begin with a "
            "dot");
  EXPECT_EQ(Refusal("name = \"w\"\n[secret_variables]\nerp = \"\"\n"),
            "2: 'secret_variables.erp' must name a variable of the agent's environment");
}

TEST_F(ConfigTest, BoundsThatMakeNoSenseAreRefused) {
  const std::string argv = "argv = [\"/bin/sh\"]\n";
  EXPECT_EQ(RefusalOfType(argv + "user = \"no-such-user\"\n"),
            "5: this host has no user 'no-such-user'");
  EXPECT_EQ(RefusalOfType(argv + "env_pass = \"PATH\"\n"),
            "5: 'job_type.env_pass' must be a list of strings");
  EXPECT_EQ(RefusalOfType(argv + "[job_type.limits]\nmemory_mb = 0\n"),
            "6: 'limits.memory_mb' must be an integer from 1 to 16777216");
  EXPECT_EQ(RefusalOfType(argv + "[job_type.limits]\ncpu = 0\n"),
            "6: 'limits.cpu' must be a number from 0.01 to 4096");
  EXPECT_EQ(RefusalOfType(argv + "[job_type.limits]\ncores = 2\n"),
            "6: unknown key 'limits.cores'; docs/worker.md lists the keys");
  EXPECT_EQ(Refusal("name = \"w\"\ncgroup = \"yes\"\n"),
            "2: 'cgroup' must be \"auto\", \"never\" or \"require\"");
}

TEST_F(ConfigTest, AnotherUserNeedsRoot) {
  const std::string refusal = RefusalOfType("argv = [\"/bin/sh\"]\nuser = \"nobody\"\n");
  if (geteuid() == 0) {
    EXPECT_EQ(refusal, "accepted");
  } else {
    EXPECT_NE(refusal.find("only if the agent runs as root"), std::string::npos) << refusal;
  }
}

TEST_F(ConfigTest, EverythingCanBeSaid) {
  scratch_.Write("scan.sh", "#!/bin/sh\n", /*program=*/true);
  const auto config = Load(R"(
tenant = "acme"
name = "ams-1"
slots = 16
queues = ["default", "night"]
state = "/var/lib/towline"
socket = "/run/towline.sock"
log_level = "info"
stop_seconds = 5

[labels]
site = "ams"

[broker]
host = "broker.example"
port = 8883
user = "u"
password = "p"
keepalive_seconds = 30

[[job_type]]
name = "add-numbers"
handler = "add-numbers"

[[job_type]]
name = "Scan_3D"
argv = ["./scan.sh", "--fast"]
slots = 2
restart = "rerun"
start = "AtLeastOnce"
on_worker_lost = "requeue"
heartbeat = "manual"
grace = 0
env = {MODE = "fast"}
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->queues.size(), 2U);
  EXPECT_EQ(config->labels.at("site"), "ams");
  EXPECT_EQ(config->broker.keepalive_seconds, 30);
  ASSERT_EQ(config->types.size(), 2U);
  EXPECT_EQ(config->types[0].handler, "add-numbers");
  const Config::Type& scan = config->types[1];
  EXPECT_EQ(scan.program.argv, (std::vector<std::string>{scratch_.path() + "/scan.sh", "--fast"}));
  EXPECT_EQ(scan.program.env.at("MODE"), "fast");
  EXPECT_FALSE(scan.program.shell);
  EXPECT_EQ(scan.restart, JobType::Restart::kRerun);
  EXPECT_EQ(scan.start, jobs::StartMode::kAtLeastOnce);
  EXPECT_EQ(scan.on_worker_lost, "requeue");
  EXPECT_TRUE(scan.manual_heartbeat);
  EXPECT_EQ(scan.grace_seconds, 0);
  EXPECT_EQ(scan.slots, 2);
}

TEST_F(ConfigTest, ProgramsAreFoundAlongPathAndRunInTheFilesFolder) {
  const auto config = Load("name = \"w\"\n[[job_type]]\nname = \"t\"\nargv = [\"sh\", \"-c\"]\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->types[0].program.argv[0].substr(0, 1), "/");
  EXPECT_EQ(config->types[0].program.cwd, scratch_.path() + "/");
}

TEST_F(ConfigTest, AFileThatIsNotThereIsNamed) {
  const auto config = LoadConfig("/no/such/worker.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "/no/such/worker.toml: File could not be opened for reading; is the path right and the "
            "file readable?");
}

TEST_F(ConfigTest, BrokenTomlIsToldWithItsPlace) {
  const std::string error = Refusal("name = \"w\"\nslots = = 4\n");
  EXPECT_EQ(error.rfind("2:9: ", 0), 0U) << error;
}

TEST_F(ConfigTest, UnknownKeysAreToldFirst) {
  const std::string hint = "; docs/worker.md lists the keys";
  EXPECT_EQ(Refusal("nmae = \"w\"\n"), "1: unknown key 'nmae'" + hint);
  EXPECT_EQ(Refusal("name = \"w\"\n[broker]\nhots = \"b\"\n"),
            "3: unknown key 'broker.hots'" + hint);
  EXPECT_EQ(RefusalOfType("argw = [\"x\"]\n"), "4: unknown key 'job_type.argw'" + hint);
}

TEST_F(ConfigTest, WrongTypesAreToldWithWhatIsMeant) {
  EXPECT_EQ(Refusal("name = 7\n"), "1: 'name' must be a string");
  EXPECT_EQ(Refusal("name = \"w\"\nslots = \"4\"\n"),
            "2: 'slots' must be an integer from 1 to 10000");
  EXPECT_EQ(Refusal("name = \"w\"\nslots = 0\n"), "2: 'slots' must be an integer from 1 to 10000");
  EXPECT_EQ(Refusal("name = \"w\"\nslots = 1.5\n"),
            "2: 'slots' must be an integer from 1 to 10000");
  EXPECT_EQ(Refusal("name = \"w\"\nbroker = 7\n"), "2: 'broker' must be a table");
  EXPECT_EQ(Refusal("name = \"w\"\nlabels = {site = 1}\n"),
            "2: 'labels' must be a table of strings");
  EXPECT_EQ(Refusal("name = \"w\"\nqueues = []\n"),
            "2: 'queues' must be a list of strings, with one at least");
  EXPECT_EQ(Refusal("name = \"w\"\n[job_type]\nname = \"t\"\n"),
            "2: 'job_type' must be tables, each headed by its own [[…]]");
  EXPECT_EQ(RefusalOfType("argv = \"ls -l\"\n"),
            "4: 'job_type.argv' must be a list of strings, with one at least");
  EXPECT_EQ(RefusalOfType("heartbeat = \"often\"\n"),
            "4: 'job_type.heartbeat' must be \"auto\" or \"manual\"");
}

TEST_F(ConfigTest, NamesMustFitTheProtocol) {
  EXPECT_EQ(Refusal("slots = 1\n").substr(0, 32), "1: the worker needs a 'name': 1 ");
  EXPECT_EQ(Refusal("name = \"Ams\"\n").substr(0, 29), "1: the worker needs a 'name':");
  EXPECT_EQ(Refusal("name = \"w\"\ntenant = \"a_b\"\n").substr(0, 18), "2: 'tenant' must b");
  EXPECT_EQ(Refusal("name = \"w\"\nqueues = [\"a/b\"]\n").substr(0, 15), "2: a queue's na");
  EXPECT_EQ(Refusal("name = \"w\"\nlog_level = \"loud\"\n"),
            "2: 'log_level' must be debug, info, warning, error or off");
}

TEST_F(ConfigTest, JobTypesThatCannotWorkAreRefused) {
  EXPECT_EQ(RefusalOfType("slots = 1\n"), "3: job type 't' needs either argv or handler");
  EXPECT_EQ(RefusalOfType("argv = [\"sh\"]\nhandler = \"add-numbers\"\n"),
            "3: job type 't' needs either argv or handler");
  EXPECT_EQ(RefusalOfType("handler = \"bake\"\n"),
            "4: there is no handler 'bake'; built in are: add-numbers, http, sql, file");
  EXPECT_EQ(RefusalOfType("argv = [\"./none\"]\n").substr(0, 39),
            "4: './none' is no program that can be r");
  EXPECT_EQ(RefusalOfType("argv = [\"no-such-program-here\"]\n").substr(0, 30),
            "4: 'no-such-program-here' is n");
  EXPECT_EQ(RefusalOfType("argv = [\"sh\"]\ncwd = \"none\"\n"),
            "5: there is no directory " + scratch_.path() + "/none");
  EXPECT_EQ(RefusalOfType("argv = [\"a\", \"b\"]\nshell = true\n"),
            "4: with shell = true, argv holds one string: the command line for /bin/sh");
  EXPECT_EQ(Refusal("name = \"w\"\n[[job_type]]\nhandler = \"add-numbers\"\n").substr(0, 25),
            "2: a job type needs a nam");
  EXPECT_EQ(RefusalOfType("handler = \"add-numbers\"\n[[job_type]]\nname = \"t\"\n"
                          "handler = \"add-numbers\"\n"),
            "6: job type 't' is there twice");
}

TEST_F(ConfigTest, AtMostOnceExcludesRerunAndRequeue) {
  const std::string once = "handler = \"add-numbers\"\nstart = \"AtMostOnce\"\n";
  EXPECT_EQ(RefusalOfType(once + "restart = \"rerun\"\n"),
            "6: a job that starts AtMostOnce cannot be run again: use restart = \"report\"");
  EXPECT_EQ(RefusalOfType(once + "on_worker_lost = \"requeue\"\n"),
            "6: a job that starts AtMostOnce cannot be requeued: use \"wait\" or \"fail\"");
  EXPECT_EQ(RefusalOfType(once + "on_worker_lost = \"fail\"\n"), "accepted");
}

TEST_F(ConfigTest, ASocketPathThatTheKernelCannotTakeIsRefused) {
  const std::string error =
      Refusal("name = \"w\"\nstate = \"/tmp/" + std::string(100, 'x') + "\"\n");
  EXPECT_NE(error.find("too long"), std::string::npos) << error;
}

}  // namespace
}  // namespace towline::worker::testing
