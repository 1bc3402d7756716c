#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "statemachines/asl/compiler.h"

namespace towline::asl {
namespace {

constexpr std::int64_t kIntervalMax = 99'999'999;
constexpr std::int64_t kAttemptsMax = 99'999'999;
constexpr std::int64_t kDelayMax = 31'622'400;

}  // namespace

std::vector<std::string> Compiler::CompileErrorEquals(const Fields& fields, bool last) {
  std::vector<std::string> names;
  fields.Require({"ErrorEquals"});
  const json::array* array = fields.Array("ErrorEquals");
  if (array == nullptr) return names;
  const Place place = fields.At("ErrorEquals");
  if (array->empty()) findings_.Schema(place, "Value cannot be empty");
  bool all = false;
  for (std::size_t i = 0; i < array->size(); i++) {
    const json::string* name = (*array)[i].if_string();
    if (name == nullptr) {
      findings_.Schema(place.Item(i), ExpectedType(ValueType::kString));
      continue;
    }
    all = all || *name == "States.ALL";
    names.emplace_back(*name);
  }
  if (all && (array->size() > 1 || !last)) {
    findings_.Schema(place, "States.ALL must appear alone and at end of list");
  }
  return names;
}

void Compiler::CompileRetriers(Work& work) {
  const json::array* array = work.fields.Array("Retry");
  if (array == nullptr) return;
  for (std::size_t i = 0; i < array->size(); i++) {
    const Place place = work.fields.At("Retry").Item(i);
    const json::object* object = (*array)[i].if_object();
    if (object == nullptr) {
      findings_.Schema(place, ExpectedType(ValueType::kObject));
      continue;
    }
    const Fields fields(*object, place, RetrierFields(), work.fields.language(), findings_);
    Retrier retrier;
    retrier.error_equals = CompileErrorEquals(fields, i + 1 == array->size());
    retrier.interval_seconds =
        fields.Integer("IntervalSeconds", 1, kIntervalMax).value_or(retrier.interval_seconds);
    retrier.max_attempts =
        fields.Integer("MaxAttempts", 0, kAttemptsMax).value_or(retrier.max_attempts);
    retrier.max_delay_seconds = fields.Integer("MaxDelaySeconds", 1, kDelayMax);
    if (const json::value* rate = fields.Find("BackoffRate")) {
      retrier.backoff_rate = rate->to_number<double>();
      if (retrier.backoff_rate < 1.0) {
        findings_.Schema(fields.At("BackoffRate"), "Minimum value is 1.0");
      }
    }
    if (const auto strategy = fields.String("JitterStrategy")) {
      IsOneOf(*strategy, {"NONE", "FULL"}, fields.At("JitterStrategy"), findings_);
      retrier.full_jitter = *strategy == "FULL";
    }
    work.state.retriers.push_back(std::move(retrier));
  }
}

void Compiler::CompileCatchers(Work& work) {
  const json::array* array = work.fields.Array("Catch");
  if (array == nullptr) return;
  for (std::size_t i = 0; i < array->size(); i++) {
    const Place place = work.fields.At("Catch").Item(i);
    const json::object* object = (*array)[i].if_object();
    if (object == nullptr) {
      findings_.Schema(place, ExpectedType(ValueType::kObject));
      work.draft.sound = false;
      continue;
    }
    const Fields fields(*object, place, CatcherFields(), work.fields.language(), findings_);
    Catcher catcher;
    catcher.error_equals = CompileErrorEquals(fields, i + 1 == array->size());
    if (work.jsonata()) {
      catcher.output = CompileTemplate(fields, "Output", Sees::kError);
    } else {
      catcher.result_path = CompileResultPath(fields);
    }
    catcher.assign = CompileAssign(fields, work, Sees::kError);
    fields.Require({"Next"});
    if (const auto target = fields.String("Next")) {
      work.draft.transitions.push_back({.from = work.index,
                                        .slot = Slot::kCatch,
                                        .position = work.state.catchers.size(),
                                        .target = std::string(*target),
                                        .place = fields.At("Next")});
    } else {
      work.draft.sound = false;
    }
    work.state.catchers.push_back(std::move(catcher));
  }
}

}  // namespace towline::asl
