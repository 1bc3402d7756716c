#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "statemachines/base/result.h"
#include "worker/agent.h"
#include "worker/handler_tables.h"
#include "worker/program.h"

namespace towline::worker {

// The site's file, worker.toml; who an enrolled agent is and where its broker is, comes from its
// enrolment (identity.h) instead. Filled and checked by LoadConfig(), passed by const reference;
// docs/worker.md is its reference.
struct Config {
  std::string tenant = "default";
  std::string name{};  // required
  int slots = 4;       // jobs at a time
  std::vector<std::string> queues{"default"};
  std::map<std::string, std::string> labels{};
  std::string state = "./towline-worker-data";  // directory of the journal; made when missing
  std::string socket{};                         // default: agent.sock in the state directory
  std::string secrets = "secrets";              // directory of the site's secrets
  std::map<std::string, std::string> secret_variables{};  // name: variable of the agent's
  int threads = 8;                              // functions that run at a time
  std::string log_level = "info";               // debug, info, warning, error, off
  int results_mb = 64;                          // unacknowledged: with more, no jobs are taken
  int stop_seconds = 30;                        // how long running jobs may go on after SIGTERM
  bool enrolled = false;  // then tenant, name, broker and door are those of its enrolment
  std::string cgroup = "auto";                  // auto, never, require: of each job

  struct Broker {
    std::string host = "127.0.0.1";
    int port = 1883;
    std::string user{};  // default: {tenant}_{name}
    std::string password{};
    std::string ca{};  // PEM files; with `ca` the link is TLS
    std::string certificate{};
    std::string key{};
    int keepalive_seconds = 15;
  } broker{};

  // The server's HTTPS door; empty: there is none to this agent.
  struct Door {
    std::string address{};  // HOST:PORT
    std::string ca{};       // PEM file; default: the broker's
  } door{};

  int payloads_disk_mb = 4096;  // of large inputs and outputs on this machine's disk

  struct Type {
    std::string name{};
    int slots = 0;  // 0: only the worker's own limit
    JobType::Restart restart = JobType::Restart::kReport;
    std::optional<jobs::StartMode> start{};
    std::string on_worker_lost{};
    bool manual_heartbeat = false;
    std::optional<int> grace_seconds{};
    int wall_clock_seconds = 0;  // of one attempt; 0: no limit
    std::set<std::string> secrets{};  // that its jobs' inputs may name
    std::string handler{};       // inside the agent, with
    HandlerSettings settings{};  // of a ready-made one; or
    Program program{};           // of the site
  };
  std::vector<Type> types{};
};

// `own` are the names of handlers that this program brings along besides the ready-made ones. The
// error says the file, the line and what to do.
Result<Config> LoadConfig(const std::string& path, const std::set<std::string>& own = {});

// The directory of the journal that a file names, or the default; what else is in it does not
// matter.
Result<std::string> StateOf(const std::string& path);

}  // namespace towline::worker
