#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/result.h"

namespace towline::worker {

// Reads the keys of one table; the first mistake sticks. Keys that nobody asked for are one.
class Reader {
 public:
  Reader(const std::string& path, const toml::table& table, std::string name)
      : path_(path), table_(table), name_(std::move(name)) {}

  void Text(const char* key, std::string& into) {
    Read(key, "a string", [&](const toml::node& node) { return TakeText(node, into); });
  }
  void Integer(const char* key, int& into, int least, int most) {
    const std::string range =
        "an integer from " + std::to_string(least) + " to " + std::to_string(most);
    Read(key, range.c_str(), [&](const toml::node& node) {
      const auto value = node.value<std::int64_t>();
      if (!node.is_integer() || !value || *value < least || *value > most) return false;
      into = static_cast<int>(*value);
      return true;
    });
  }
  void Number(const char* key, double& into, double least, double most) {
    char range[80];
    std::snprintf(range, sizeof range, "a number from %g to %g", least, most);
    Read(key, range, [&](const toml::node& node) {
      const auto value = node.value<double>();
      if (!node.is_number() || !value || !(*value >= least && *value <= most)) return false;
      into = *value;
      return true;
    });
  }
  void Bool(const char* key, bool& into) {
    Read(key, "true or false", [&](const toml::node& node) {
      if (!node.is_boolean()) return false;
      into = node.value<bool>().value_or(false);
      return true;
    });
  }
  void Texts(const char* key, std::vector<std::string>& into) {
    Read(key, "a list of strings, with one at least",
         [&](const toml::node& node) { return TakeTexts(node, into) && !into.empty(); });
  }
  void TextsOrNone(const char* key, std::vector<std::string>& into) {
    Read(key, "a list of strings", [&](const toml::node& node) { return TakeTexts(node, into); });
  }
  void TextMap(const char* key, std::map<std::string, std::string>& into) {
    Read(key, "a table of strings", [&](const toml::node& node) {
      const toml::table* const entries = node.as_table();
      if (entries == nullptr) return false;
      for (const auto& [name, value] : *entries) {
        if (!TakeText(value, into[std::string(name.str())])) return false;
      }
      return true;
    });
  }
  // One of a few words; `take` gets the word.
  void Word(const char* key, const char* words, const std::function<bool(std::string_view)>& take) {
    Read(key, words, [&](const toml::node& node) {
      std::string word;
      return TakeText(node, word) && take(word);
    });
  }
  void Section(const char* key, const std::function<void(Reader&)>& read) {
    Read(key, "a table", [&](const toml::node& node) {
      const toml::table* const section = node.as_table();
      if (section != nullptr) Nested(*section, key, read);
      return section != nullptr;
    });
  }
  void Sections(const char* key, const std::function<void(Reader&)>& read) {
    Read(key, "tables, each headed by its own [[…]]", [&](const toml::node& node) {
      const toml::array* const list = node.as_array();
      if (list == nullptr) return false;
      for (const toml::node& item : *list) {
        const toml::table* const section = item.as_table();
        if (section == nullptr) return false;
        Nested(*section, key, read);
      }
      return true;
    });
  }

  // A mistake at the key's place, or at the table's when the key is missing.
  void Refuse(const char* key, const std::string& what) {
    const toml::node* const node = table_.get(key);
    Fail(node == nullptr ? table_.source() : node->source(), what);
  }
  void Check(bool good, const char* key, const std::string& what) {
    if (!good) Refuse(key, what);
  }
  bool Has(const char* key) const { return table_.contains(key); }
  // What else is there is somebody else's business.
  void IgnoreOthers() {
    for (const auto& [key, node] : table_) known_.insert(std::string(key.str()));
  }
  bool failed() const { return failed_.has_value(); }
  // A misspelt key explains most of what seems to be missing: it is told first.
  std::optional<Error> Finish() {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (known_.count(name) != 0) continue;
      failed_.reset();
      Fail(node.source(), "unknown key " + Full(name) + "; docs/worker.md lists the keys");
    }
    return failed_;
  }

 private:
  static bool TakeText(const toml::node& node, std::string& into) {
    if (!node.is_string()) return false;
    into = node.value<std::string>().value_or("");
    return true;
  }
  static bool TakeTexts(const toml::node& node, std::vector<std::string>& into) {
    const toml::array* const list = node.as_array();
    if (list == nullptr) return false;
    into.clear();
    return std::all_of(list->begin(), list->end(),
                       [&](const toml::node& item) { return TakeText(item, into.emplace_back()); });
  }
  void Read(const char* key, const char* type, const std::function<bool(const toml::node&)>& take) {
    known_.insert(key);
    const toml::node* const node = table_.get(key);
    if (node != nullptr && !failed_ && !take(*node)) {
      Fail(node->source(), Full(key) + " must be " + type);
    }
  }
  void Nested(const toml::table& table, const std::string& name,
              const std::function<void(Reader&)>& read) {
    if (failed_) return;
    Reader nested(path_, table, name);
    read(nested);
    failed_ = nested.Finish();
  }
  std::string Full(const std::string& key) const {
    return "'" + (name_.empty() ? key : name_ + "." + key) + "'";
  }
  void Fail(const toml::source_region& where, const std::string& what) {
    if (failed_) return;
    const auto line = std::max<std::int64_t>(where.begin.line, 1);
    failed_ =
        Error{Error::Code::kInvalidArgument, path_ + ":" + std::to_string(line) + ": " + what};
  }

  const std::string& path_;
  const toml::table& table_;
  const std::string name_;
  std::set<std::string> known_;
  std::optional<Error> failed_;
};

}  // namespace towline::worker
