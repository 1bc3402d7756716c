#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>
#include <utility>

#include "statemachines/asl/compiler.h"

namespace towline::asl {
namespace {

constexpr std::int64_t kCountMax = std::numeric_limits<std::int32_t>::max();

}  // namespace

StateKind Compiler::CompileParallel(Work& work) {
  Parallel parallel;
  const Fields& fields = work.fields;
  CompileRetriers(work);
  CompileCatchers(work);
  fields.Require({"Branches"});
  const json::array* branches = fields.Array("Branches");
  if (branches == nullptr) return parallel;
  if (branches->empty()) findings_.Schema(fields.At("Branches"), "Value cannot be empty");
  for (std::size_t i = 0; i < branches->size(); i++) {
    const Place place = fields.At("Branches").Item(i);
    const json::object* object = (*branches)[i].if_object();
    if (object == nullptr) {
      findings_.Schema(place, ExpectedType(ValueType::kObject));
      continue;
    }
    const Fields branch(*object, place, BranchFields(), language_, findings_);
    branch.Require({"States", "StartAt"});
    parallel.branches.push_back(CompileScope(branch, &work, work.draft.express));
  }
  return parallel;
}

StateKind Compiler::CompileMap(Work& work) {
  Map map;
  const Fields& fields = work.fields;
  if (work.jsonata()) {
    map.items = CompileTemplate(fields, "Items");
    map.item_selector = CompileTemplate(fields, "ItemSelector");
  } else {
    if (const auto path = fields.String("ItemsPath")) {
      map.items_path = CompileReferencePath(*path, fields.At("ItemsPath"), true);
    }
    fields.OnlyOne({"ItemSelector", "Parameters"}, false);
    map.item_selector =
        CompileTemplate(fields, fields.Has("ItemSelector") ? "ItemSelector" : "Parameters");
  }
  CompileMapNumbers(fields, map);
  CompileRetriers(work);
  CompileCatchers(work);
  if (!fields.OnlyOne({"ItemProcessor", "Iterator"}, true)) return map;
  CompileProcessor(work, fields.Has("ItemProcessor") ? "ItemProcessor" : "Iterator", map);
  return map;
}

void Compiler::CompileProcessor(Work& work, std::string_view name, Map& map) {
  const Fields& fields = work.fields;
  const json::object* object = fields.Object(name);
  if (object == nullptr) return;
  const Fields processor(*object, fields.At(name), ProcessorFields(), language_, findings_);
  if (const json::object* config = processor.Object("ProcessorConfig")) {
    const Fields known(*config, processor.At("ProcessorConfig"), ProcessorConfigFields(),
                       language_, findings_);
    map.distributed = CompileDistributed(fields, &known);
  } else {
    map.distributed = CompileDistributed(fields, nullptr);
  }
  processor.Require({"States", "StartAt"});
  const bool distributed = map.distributed.has_value();
  const bool express = distributed ? map.distributed->express : work.draft.express;
  map.processor = CompileScope(processor, &work, express);
  definition_.scopes[map.processor].isolated = distributed;
}

void Compiler::CompileMapNumbers(const Fields& fields, Map& map) {
  for (const auto& [literal, path] :
       {std::pair("MaxConcurrency", "MaxConcurrencyPath"),
        std::pair("ToleratedFailureCount", "ToleratedFailureCountPath"),
        std::pair("ToleratedFailurePercentage", "ToleratedFailurePercentagePath")}) {
    fields.OnlyOne({literal, path}, false);
  }
  map.max_concurrency = CompileNumber(fields, "MaxConcurrency", 0, kCountMax, false);
  map.tolerated_failure_count = CompileNumber(fields, "ToleratedFailureCount", 0, kCountMax, false);
  Percentage& percentage = map.tolerated_failure_percentage;
  const Place place = fields.At("ToleratedFailurePercentage");
  if (const json::value* value = fields.Find("ToleratedFailurePercentage")) {
    percentage.literal = value->to_number<double>();
    if (*percentage.literal < 0) findings_.Schema(place, "Minimum value is 0.0");
    if (*percentage.literal > 100) findings_.Schema(place, "Maximum value is 100.0");
  }
  constexpr std::string_view kPath = "ToleratedFailurePercentagePath";
  if (const auto text = fields.String(kPath)) {
    percentage.path = CompileReferencePath(*text, fields.At(kPath), false);
  }
  percentage.query = CompileQueryField(fields, "ToleratedFailurePercentage");
}

}  // namespace towline::asl
