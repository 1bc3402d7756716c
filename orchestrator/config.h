#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/objects/store_config.h"
#include "statemachines/base/result.h"

namespace towline {

// Everything that an operator can set. Filled from the configuration file (TOML), then from the
// command line, checked in one place and passed by const reference; nothing reads the environment
// further down. docs/server.md is its reference.
struct Config {
  std::string data = "./towline-data";      // directory of the store; made when missing
  std::string listen = "127.0.0.1:8460";    // gRPC; port 0 picks a free one. Loopback only
  std::string log_level = "info";           // debug, info, warning, error, off
  std::string limits = "default";           // default, or aws: the service's own bounds
  bool plain = false;                       // no TLS: then loopback only, and everybody is let in
  int partitions = 1;                       // fixed when the store is made
  int retention_days = 90;                  // closed executions are kept this long
  int inbox_max = 16'384;                   // requests that may wait; beyond it: busy

  struct Broker {
    std::string host = "127.0.0.1";
    int port = 1883;
    std::string client_id = "towline-server";
    std::string user;      // default: the client id
    std::string password;
    bool tls = false;
    std::string ca;  // PEM files; [tls] stands in for those that are not given
    std::string certificate;
    std::string key;
  } broker;

  // PEM files. With them the door is TLS, and callers show a certificate of `ca` for a user.
  struct Tls {
    std::string ca;
    std::string certificate;
    std::string key;
    bool on() const { return !ca.empty(); }
  } tls;

  // The door for workers that have no broker link yet, or need more than messages: HTTPS with the
  // certificates of `tls`. Only with TLS.
  struct Https {
    std::string listen;   // default: the host of `listen`, port 8461 (0 if that has 0); "off": none
    std::string address;  // HOST:PORT that workers dial; default: the certificate's first name
  } https;

  struct Enrolment {
    std::string broker;           // HOST:PORT that workers dial; default: that of [broker]
    int certificate_hours = 2160;  // a worker's certificate is good for so long
    std::string revocation_list;  // also written here, for the broker; default: only in DATA/pki
  } enrolment;

  // Users who may do everything, whatever has been granted: the way to begin.
  std::vector<std::string> admins;

  struct Audit {
    int file_mb = 16;  // when a file of DATA/audit is full, the next is begun
    int files = 10;    // that are kept
  } audit;

  struct Logs {
    int job_mb = 4;       // of what one attempt of a job prints; no more is kept
    int total_mb = 1024;  // of DATA/logs.db; beyond it the oldest goes
  } logs;

  struct Payloads {  // large ones, in DATA/payloads
    int tenant_mb = 10'240;  // of one tenant; 0: as much as fits
    int unused_hours = 168;  // that nothing refers to: kept so long, for a worker that is away
  } payloads;

  struct Dispatch {
    int offer_timeout_seconds = 10;  // an unanswered offer is repeated
    int liveness_seconds = 45;       // silence after an offer: the worker is lost
    int grace_seconds = 10;          // between asking a cancelled job to stop and killing it
  } dispatch;

  // What tenants may ask for. 0: as much as they like.
  struct Quota {
    int starts_per_second = 0;
    int starts_burst = 0;  // at once; 0: a second's worth
    int open_executions = 0;
    int request_bytes = 0;
  };
  Quota quotas;                                // of tenants without their own
  std::map<std::string, Quota> tenant_quotas;  // what they leave out is as in `quotas`

  // Where the files of Distributed Maps are. Neither root nor endpoint: DATA/objects.
  objects::StoreConfig objects;

  // [grants] tenant = ["other"]: executions of `tenant` may use workers of `other`.
  std::map<std::string, std::vector<std::string>> grants;
  // [publish] tenant = ["plant/#"]: the only topics its mqtt:publish may use. No entry: any.
  std::map<std::string, std::vector<std::string>> publish;
};

// The error says the file, the line and what to do.
Result<Config> LoadConfig(const std::string& path);
// What no single option can say wrong by itself.
Status CheckConfig(const Config& config);

// "host:port" or "[v6]:port".
Result<std::pair<std::string, int>> SplitAddress(const std::string& text);

}  // namespace towline
