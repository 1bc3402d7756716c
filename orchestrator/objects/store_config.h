#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "orchestrator/objects/object_store.h"

namespace towline::objects {

// What an operator can set of the object store. docs/server.md is its reference.
struct StoreConfig {
  std::string root{};  // directory of the local store; unused with an endpoint

  struct S3 {
    std::string endpoint{};  // "https://host[:port]"; empty: the local store
    std::string region = "us-east-1";
    std::string access_key_id{};
    std::string secret_access_key_file{};
    std::string session_token_file{};  // empty: the credentials are not temporary
    std::string addressing = "path";   // path, virtual-host
    std::string ca_file{};             // empty: the system's authorities
    std::string proxy{};
  } s3{};
};

// What is wrong with the values themselves.
Status CheckStoreConfig(const StoreConfig& config);

// `stop` ends requests that are under way. Files with credentials are read for each request, so
// that they can be renewed while the server runs; here it is checked that they can be read.
Result<std::unique_ptr<ObjectStore>> OpenStore(const StoreConfig& config, std::stop_token stop);

}  // namespace towline::objects
