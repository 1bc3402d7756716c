// Runs the shared JSONPath suite: what Jayway 2.9.0 answers to each selector.

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "statemachines/jsonpath/path.h"

namespace towline::jsonpath {
namespace {

// Selectors of the binding sources that we answer otherwise, and why.
const std::map<std::string, std::string> kExceptions = {
    {"foo", "Jayway puts '$.' in front; a path of ours starts with $, $$ or $name"},
    {".foo", "likewise"},
    {"@.foo", "likewise: '@' has a meaning within a filter only"},
    {"$$", "Amazon States Language: the context object"},
    {"$$.foo", "likewise"},
};

std::string SuiteFile() {
  const char* shared = std::getenv("TOWLINE_SHARED");
  const std::string folder = shared != nullptr ? shared : TOWLINE_SOURCE_DIR "/../shared";
  return folder + "/conformance/jsonpath/suite.jsonl";
}

class NoContext : public ContextSource {
 public:
  const Json& Context() const override { return Json::EmptyObject(); }
};

// Equal with all numbers taken as doubles: Jayway's sum() of integers is a double.
bool Same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    return std::abs(a.to_number<double>() - b.to_number<double>()) < 1e-12;
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                      b.get_array().end(), Same);
  }
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& member : a.get_object()) {
      const json::value* other = b.get_object().if_contains(member.key());
      if (other == nullptr || !Same(member.value(), *other)) return false;
    }
    return true;
  }
  return a == b;
}

struct Answer {
  bool refused = false;  // by the parser
  bool failed = false;
  bool definite = false;
  std::string text;
  Json value;
};

Answer Ask(std::string_view selector, const Json& document) {
  Answer answer;
  const auto path = Path::Parse(selector);
  if (!path) {
    answer.refused = true;
    answer.text = path.error().message;
    return answer;
  }
  answer.definite = path->is_definite();
  const NoContext context;
  const Scope scope{.input = document, .context = context, .lenient = false};
  const auto result = path->Evaluate(scope);
  if (result) {
    answer.value = *result;
    answer.text = PrintJson(**result);
  } else {
    answer.failed = true;
    answer.text = result.error().detail;
  }
  return answer;
}

// Empty when the answer is Jayway's, else what differs.
std::string Difference(const Answer& ours, const json::object& jayway) {
  if (jayway.contains("error")) {
    const bool at_compile = jayway.contains("atCompile");
    if (ours.refused == at_compile && (ours.refused || ours.failed)) return "";
    return std::string("Jayway refuses ") + (at_compile ? "to compile" : "to evaluate") +
           " it, we say " + ours.text;
  }
  if (ours.refused || ours.failed) {
    return "Jayway says " + PrintJson(jayway.at("result")) + ", we fail: " + ours.text;
  }
  if (ours.definite != jayway.at("definite").as_bool()) return "definite or not";
  if (Same(*ours.value, jayway.at("result"))) return "";
  return "Jayway says " + PrintJson(jayway.at("result")) + ", we say " + ours.text;
}

class SuiteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(SuiteFile());
    if (!file) GTEST_SKIP() << "no shared suite at " << SuiteFile();
    for (std::string line; std::getline(file, line);) cases_.push_back(*ParseJson(line));
  }
  std::vector<Json> cases_;
};

TEST_F(SuiteTest, SelectorsGiveWhatJaywayGives) {
  std::size_t checked = 0;
  std::set<std::string> used;
  for (const Json& entry : cases_) {
    const json::object& one = entry->get_object();
    const std::string_view source = one.at("source").as_string();
    if (source != "asl" && source != "cts-paren") continue;
    const std::string selector(one.at("selector").as_string());
    if (kExceptions.count(selector) > 0) {
      used.insert(selector);
      continue;
    }
    checked++;
    const Json document = Json::Part(entry, one.at("document"));
    EXPECT_EQ(Difference(Ask(selector, document), one.at("jayway").as_object()), "")
        << one.at("id").as_string() << ": " << selector << " on " << PrintJson(*document);
  }
  EXPECT_GE(checked, 380U);
  EXPECT_EQ(used.size(), kExceptions.size()) << "an exception is no longer needed";
}

TEST_F(SuiteTest, ReferencePathsAreToldApart) {
  std::size_t checked = 0;
  for (const Json& entry : cases_) {
    const json::object& one = entry->get_object();
    const json::value* valid = one.if_contains("validReferencePath");
    if (valid == nullptr) continue;
    checked++;
    const std::string_view selector = one.at("selector").as_string();
    const auto path = ReferencePath::Parse(selector);
    // The suite means paths that can be written to; "$$" is a reference path that can only be read.
    EXPECT_EQ(path && !path->is_context(), valid->as_bool()) << selector;
  }
  EXPECT_EQ(checked, 21U);
}

// The RFC 9535 suite does not bind us, yet nothing in it may crash, and where both sides answer
// with the same value they should mostly agree.
TEST_F(SuiteTest, TheRfcSuiteMostlyAgreesWithJayway) {
  std::size_t same = 0;
  std::size_t all = 0;
  for (const Json& entry : cases_) {
    const json::object& one = entry->get_object();
    if (one.at("source").as_string() != "cts") continue;
    const json::value* document = one.if_contains("document");
    const Json input = document != nullptr ? Json::Part(entry, *document) : Json::EmptyObject();
    const std::string_view selector = one.at("selector").as_string();
    const std::string difference = Difference(Ask(selector, input), one.at("jayway").as_object());
    all++;
    if (difference.empty()) same++;
    if (!difference.empty() && std::getenv("SHOW_RFC_DIFFERENCES") != nullptr) {
      std::printf("%s | %s\n", std::string(selector).c_str(), difference.c_str());
    }
  }
  EXPECT_GE(same * 100, all * 97) << same << " of " << all;
}

}  // namespace
}  // namespace towline::jsonpath
