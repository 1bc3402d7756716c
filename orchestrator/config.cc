#include "orchestrator/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>

#include "proto/jobs/topics.h"

namespace towline {
namespace {

Error At(const std::string& path, const toml::source_region& where, const std::string& what) {
  return Error{Error::Code::kInvalidArgument,
               path + ":" + std::to_string(where.begin.line) + ": " + what};
}

// Reads the keys of one table and refuses those it does not know.
class Table {
 public:
  Table(const std::string& path, const toml::table& table, std::string name)
      : path_(path), table_(table), name_(std::move(name)) {}

  void Text(const char* key, std::string& into) {
    Read(key, "a string", [&](const toml::node& node) {
      const auto value = node.value<std::string>();
      if (!node.is_string() || !value) return false;
      into = *value;
      return true;
    });
  }
  void Integer(const char* key, int& into) {
    Read(key, "an integer", [&](const toml::node& node) {
      const auto value = node.value<int>();
      if (!node.is_integer() || !value) return false;
      into = *value;
      return true;
    });
  }
  void Texts(const char* key, std::vector<std::string>& into) {
    Read(key, "a list of strings", [&](const toml::node& node) {
      const toml::array* const list = node.as_array();
      if (list == nullptr) return false;
      for (const toml::node& entry : *list) {
        const auto text = entry.value<std::string>();
        if (!entry.is_string() || !text) return false;
        into.push_back(*text);
      }
      return true;
    });
  }
  void Flag(const char* key, bool& into) {
    Read(key, "true or false", [&](const toml::node& node) {
      const auto value = node.value<bool>();
      if (!node.is_boolean() || !value) return false;
      into = *value;
      return true;
    });
  }
  // The key holds a table of its own, read by `read`.
  void Section(const char* key, const std::function<Status(const toml::table&)>& read) {
    known_.emplace_back(key);
    const toml::node* const node = table_.get(key);
    if (node == nullptr || failed_) return;
    const toml::table* const section = node->as_table();
    if (section == nullptr) {
      return Fail(*node, Full(key) + " must be a table, written [" + key + "]");
    }
    if (Status status = read(*section); !status) failed_ = status.error();
  }

  Status Finish() {
    for (const auto& [key, node] : table_) {
      if (failed_) break;
      const std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        Fail(node, "unknown key " + Full(name) + "; docs/server.md lists the keys");
      }
    }
    if (failed_) return *failed_;
    return Ok();
  }

 private:
  void Read(const char* key, const char* type, const std::function<bool(const toml::node&)>& take) {
    known_.emplace_back(key);
    const toml::node* const node = table_.get(key);
    if (node == nullptr || failed_) return;
    if (!take(*node)) Fail(*node, Full(key) + " must be " + type);
  }
  std::string Full(const std::string& key) const {
    return name_.empty() ? "'" + key + "'" : "'" + name_ + "." + key + "'";
  }
  void Fail(const toml::node& node, const std::string& what) {
    failed_ = At(path_, node.source(), what);
  }

  const std::string& path_;
  const toml::table& table_;
  const std::string name_;
  std::vector<std::string> known_;
  std::optional<Error> failed_;
};

// tenant = ["text", …]
Status ReadLists(const std::string& path, const toml::table& table,
                 std::map<std::string, std::vector<std::string>>& into) {
  for (const auto& [key, node] : table) {
    const toml::array* const list = node.as_array();
    if (list == nullptr) {
      return At(path, node.source(), "'" + std::string(key.str()) + "' must be a list of strings");
    }
    std::vector<std::string>& entries = into[std::string(key.str())];
    for (const toml::node& entry : *list) {
      const auto text = entry.value<std::string>();
      if (!entry.is_string() || !text) return At(path, entry.source(), "must be a string");
      entries.push_back(*text);
    }
  }
  return Ok();
}

Status ReadObjects(const std::string& path, const toml::table& section,
                   objects::StoreConfig& config) {
  Table table(path, section, "objects");
  table.Text("root", config.root);
  table.Section("s3", [&](const toml::table& inner) {
    Table s3(path, inner, "objects.s3");
    s3.Text("endpoint", config.s3.endpoint);
    s3.Text("region", config.s3.region);
    s3.Text("access_key_id", config.s3.access_key_id);
    s3.Text("secret_access_key_file", config.s3.secret_access_key_file);
    s3.Text("session_token_file", config.s3.session_token_file);
    s3.Text("addressing", config.s3.addressing);
    s3.Text("ca_file", config.s3.ca_file);
    s3.Text("proxy", config.s3.proxy);
    return s3.Finish();
  });
  return table.Finish();
}

void ReadQuota(Table& table, Config::Quota& quota) {
  table.Integer("starts_per_second", quota.starts_per_second);
  table.Integer("starts_burst", quota.starts_burst);
  table.Integer("open_executions", quota.open_executions);
  table.Integer("request_bytes", quota.request_bytes);
}

// [quotas] is for all tenants, [quotas.NAME] for one; no tenant's name looks like one of the keys.
Status ReadQuotas(const std::string& path, const toml::table& section, Config& config) {
  Table table(path, section, "quotas");
  ReadQuota(table, config.quotas);
  for (const auto& [key, node] : section) {
    const std::string name(key.str());
    if (!node.is_table()) continue;
    table.Section(name.c_str(), [&](const toml::table& inner) {
      Config::Quota& quota = config.tenant_quotas[name] = config.quotas;
      Table own(path, inner, "quotas." + name);
      ReadQuota(own, quota);
      return own.Finish();
    });
  }
  return table.Finish();
}

// What workers find besides the broker.
void ReadDoors(const std::string& path, Table& top, Config& config) {
  top.Section("https", [&](const toml::table& section) {
    Table https(path, section, "https");
    https.Text("listen", config.https.listen);
    https.Text("address", config.https.address);
    return https.Finish();
  });
  top.Section("enrolment", [&](const toml::table& section) {
    Table enrolment(path, section, "enrolment");
    enrolment.Text("broker", config.enrolment.broker);
    enrolment.Integer("certificate_hours", config.enrolment.certificate_hours);
    enrolment.Text("revocation_list", config.enrolment.revocation_list);
    return enrolment.Finish();
  });
}

// What is kept of what happens, and for whom.
void ReadKept(const std::string& path, Table& top, Config& config) {
  top.Section("access", [&](const toml::table& section) {
    Table access(path, section, "access");
    access.Texts("admins", config.admins);
    return access.Finish();
  });
  top.Section("audit", [&](const toml::table& section) {
    Table audit(path, section, "audit");
    audit.Integer("file_mb", config.audit.file_mb);
    audit.Integer("files", config.audit.files);
    return audit.Finish();
  });
  top.Section("logs", [&](const toml::table& section) {
    Table logs(path, section, "logs");
    logs.Integer("job_mb", config.logs.job_mb);
    logs.Integer("total_mb", config.logs.total_mb);
    return logs.Finish();
  });
  top.Section("payloads", [&](const toml::table& section) {
    Table payloads(path, section, "payloads");
    payloads.Integer("tenant_mb", config.payloads.tenant_mb);
    payloads.Integer("unused_hours", config.payloads.unused_hours);
    return payloads.Finish();
  });
}

Status Read(const std::string& path, const toml::table& root, Config& config) {
  Table top(path, root, "");
  top.Text("data", config.data);
  top.Text("listen", config.listen);
  top.Text("log_level", config.log_level);
  top.Text("limits", config.limits);
  top.Flag("plain", config.plain);
  top.Integer("partitions", config.partitions);
  top.Integer("retention_days", config.retention_days);
  top.Integer("inbox_max", config.inbox_max);
  top.Section("broker", [&](const toml::table& section) {
    Table broker(path, section, "broker");
    broker.Text("host", config.broker.host);
    broker.Integer("port", config.broker.port);
    broker.Text("client_id", config.broker.client_id);
    broker.Text("user", config.broker.user);
    broker.Text("password", config.broker.password);
    broker.Flag("tls", config.broker.tls);
    broker.Text("ca", config.broker.ca);
    broker.Text("certificate", config.broker.certificate);
    broker.Text("key", config.broker.key);
    return broker.Finish();
  });
  top.Section("tls", [&](const toml::table& section) {
    Table tls(path, section, "tls");
    tls.Text("ca", config.tls.ca);
    tls.Text("certificate", config.tls.certificate);
    tls.Text("key", config.tls.key);
    return tls.Finish();
  });
  ReadDoors(path, top, config);
  ReadKept(path, top, config);
  top.Section("dispatch", [&](const toml::table& section) {
    Table dispatch(path, section, "dispatch");
    dispatch.Integer("offer_timeout_seconds", config.dispatch.offer_timeout_seconds);
    dispatch.Integer("liveness_seconds", config.dispatch.liveness_seconds);
    dispatch.Integer("grace_seconds", config.dispatch.grace_seconds);
    return dispatch.Finish();
  });
  top.Section("objects", [&](const toml::table& section) {
    return ReadObjects(path, section, config.objects);
  });
  top.Section("quotas", [&](const toml::table& section) {
    return ReadQuotas(path, section, config);
  });
  top.Section("grants", [&](const toml::table& t) { return ReadLists(path, t, config.grants); });
  top.Section("publish", [&](const toml::table& t) { return ReadLists(path, t, config.publish); });
  return top.Finish();
}

Error Wrong(std::string what) { return Error{Error::Code::kInvalidArgument, std::move(what)}; }

}  // namespace

Result<Config> LoadConfig(const std::string& path) {
  Config config;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {  // which reads as an empty file
    return Wrong(path + ": is a directory; name the file itself");
  }
  try {
    const toml::table root = toml::parse_file(path);
    if (Status status = Read(path, root, config); !status) return status.error();
  } catch (const toml::parse_error& error) {
    const std::string what(error.description());
    if (error.source().begin.line == 0) {
      return Wrong(path + ": " + what + "; is the path right and the file readable?");
    }
    return At(path, error.source(), what);
  }
  if (Status good = CheckConfig(config); !good) return Wrong(path + ": " + good.error().message);
  return config;
}

Result<std::pair<std::string, int>> SplitAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  int port = -1;
  if (colon != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data() + colon + 1, end, port);
    if (code != std::errc{} || stop != end) port = -1;
  }
  if (colon == 0 || port < 0 || port > 65'535) {
    return Wrong("'" + text + "' is not an address; write HOST:PORT, e.g. 127.0.0.1:8460");
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return std::pair{std::move(host), port};
}

namespace {

Status CheckQuota(const std::string& name, const Config::Quota& quota) {
  for (const int number : {quota.starts_per_second, quota.starts_burst, quota.open_executions,
                           quota.request_bytes}) {
    if (number < 0) return Wrong(name + ": a limit must be at least 0, which means none");
  }
  return Ok();
}

Status CheckQuotas(const Config& config) {
  if (Status good = CheckQuota("quotas", config.quotas); !good) return good;
  for (const auto& [tenant, quota] : config.tenant_quotas) {
    if (!jobs::IsTenantName(tenant)) {
      return Wrong("quotas: '" + tenant + "' is neither a limit nor the name of a tenant");
    }
    if (Status good = CheckQuota("quotas." + tenant, quota); !good) return good;
  }
  return Ok();
}

}  // namespace

Status CheckConfig(const Config& config) {
  const auto listen = SplitAddress(config.listen);
  if (!listen) return Wrong("listen: " + listen.error().message);
  if (config.data.empty()) return Wrong("data: must name a directory");
  if (Status good = CheckQuotas(config); !good) return good;
  if (config.limits != "default" && config.limits != "aws") {
    return Wrong("limits: '" + config.limits + "' is unknown; write default or aws");
  }
  if (config.partitions < 1 || config.partitions > 256) {
    return Wrong("partitions: must be from 1 to 256");
  }
  if (config.retention_days < 1) return Wrong("retention_days: must be at least 1");
  if (config.inbox_max < 1) return Wrong("inbox_max: must be at least 1");
  if (config.broker.port < 1 || config.broker.port > 65'535) {
    return Wrong("broker.port: must be from 1 to 65535");
  }
  if (config.broker.host.empty()) return Wrong("broker.host: must not be empty");
  for (const auto& [key, address] : {std::pair{"https.listen", &config.https.listen},
                                     std::pair{"https.address", &config.https.address},
                                     std::pair{"enrolment.broker", &config.enrolment.broker}}) {
    if (address->empty() || (address == &config.https.listen && *address == "off")) continue;
    if (const auto good = SplitAddress(*address); !good) {
      return Wrong(std::string(key) + ": " + good.error().message);
    }
  }
  if (config.enrolment.certificate_hours < 1 || config.enrolment.certificate_hours > 87'600) {
    return Wrong("enrolment.certificate_hours: must be from 1 to 87600");
  }
  if (config.payloads.tenant_mb < 0 || config.payloads.unused_hours < 1 ||
      config.payloads.unused_hours > 87'600) {
    return Wrong("payloads: tenant_mb must not be negative, unused_hours from 1 to 87600");
  }
  if (config.audit.file_mb < 1 || config.audit.file_mb > 1'024 || config.audit.files < 1 ||
      config.audit.files > 1'000) {
    return Wrong("audit: file_mb must be from 1 to 1024, files from 1 to 1000");
  }
  if (config.logs.job_mb < 1 || config.logs.job_mb > 1'024 || config.logs.total_mb < 1 ||
      config.logs.total_mb > (1 << 20)) {
    return Wrong("logs: job_mb must be from 1 to 1024, total_mb from 1 to 1048576");
  }
  if (config.dispatch.offer_timeout_seconds < 1 || config.dispatch.liveness_seconds < 1 ||
      config.dispatch.grace_seconds < 0) {
    return Wrong(
        "dispatch: offer_timeout_seconds and liveness_seconds must be at least 1, "
        "grace_seconds at least 0");
  }
  return objects::CheckStoreConfig(config.objects);
}

}  // namespace towline
