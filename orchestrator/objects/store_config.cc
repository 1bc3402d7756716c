#include "orchestrator/objects/store_config.h"

#include <fstream>
#include <iterator>

#include "orchestrator/objects/local_store.h"
#include "orchestrator/objects/s3_store.h"

namespace towline::objects {
namespace {

Error Wrong(std::string what) { return Error{Error::Code::kInvalidArgument, std::move(what)}; }

Result<std::string> ReadSecret(const std::string& path, const char* key) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  if (!file || text.empty()) {
    return Error{Error::Code::kFailedPrecondition,
                 std::string("objects.s3.") + key + ": " + path +
                     (file ? " is empty" : " cannot be read; is the path right and the file "
                                           "readable for the server?")};
  }
  return text;
}

Result<Credentials> ReadCredentials(const StoreConfig::S3& s3) {
  Credentials credentials{.access_key_id = s3.access_key_id};
  auto secret = ReadSecret(s3.secret_access_key_file, "secret_access_key_file");
  if (!secret) return secret.error();
  credentials.secret_access_key = std::move(*secret);
  if (!s3.session_token_file.empty()) {
    auto token = ReadSecret(s3.session_token_file, "session_token_file");
    if (!token) return token.error();
    credentials.session_token = std::move(*token);
  }
  return credentials;
}

}  // namespace

Status CheckStoreConfig(const StoreConfig& config) {
  const StoreConfig::S3& s3 = config.s3;
  const bool any = !s3.access_key_id.empty() || !s3.secret_access_key_file.empty();
  if (s3.endpoint.empty()) {
    return any ? Wrong("objects.s3.endpoint: missing; write https://HOST[:PORT]") : Ok();
  }
  if (!config.root.empty()) return Wrong("objects: set either root or [objects.s3], not both");
  const std::size_t scheme = s3.endpoint.find("://");
  const std::string name = s3.endpoint.substr(0, scheme);
  const std::string host =
      scheme == std::string::npos ? std::string() : s3.endpoint.substr(scheme + 3);
  if ((name != "http" && name != "https") || host.empty() ||
      host.find_first_of("/?#@ ") < host.size() - 1) {
    return Wrong("objects.s3.endpoint: '" + s3.endpoint + "' is not https://HOST[:PORT]");
  }
  if (s3.region.empty()) return Wrong("objects.s3.region: must not be empty");
  if (s3.addressing != "path" && s3.addressing != "virtual-host") {
    return Wrong("objects.s3.addressing: '" + s3.addressing +
                 "' is unknown; write path or virtual-host");
  }
  if (s3.access_key_id.empty() || s3.secret_access_key_file.empty()) {
    return Wrong("objects.s3: access_key_id and secret_access_key_file are needed");
  }
  return Ok();
}

Result<std::unique_ptr<ObjectStore>> OpenStore(const StoreConfig& config, std::stop_token stop) {
  if (Status good = CheckStoreConfig(config); !good) return good.error();
  const StoreConfig::S3& s3 = config.s3;
  if (s3.endpoint.empty()) {
    auto local = LocalStore::Open(config.root);
    if (!local) return local.error();
    return std::unique_ptr<ObjectStore>(std::move(*local));
  }
  if (const auto readable = ReadCredentials(s3); !readable) return readable.error();
  if (!net::LoadCurl()) return net::LoadCurl().error();
  S3Options options;
  options.endpoint = s3.endpoint;
  options.region = s3.region;
  options.addressing = s3.addressing == "path" ? S3Options::Addressing::kPath
                                               : S3Options::Addressing::kVirtualHost;
  options.credentials = [s3] { return ReadCredentials(s3); };
  options.http.ca_file = s3.ca_file;
  options.http.proxy = s3.proxy;
  options.http.stop = std::move(stop);
  return std::unique_ptr<ObjectStore>(std::make_unique<S3Store>(std::move(options)));
}

}  // namespace towline::objects
