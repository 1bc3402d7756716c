#include "statemachines/asl/query_template.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace towline::asl {
namespace {

using Kind = QueryPart::Kind;

bool FillPart(const QueryPart& part, const QueryTemplate::Evaluate& evaluate, json::value& out) {
  switch (part.kind) {
    case Kind::kConstant:
      out = *part.constant;
      return true;
    case Kind::kExpression: {
      Json value;
      if (!evaluate(*part.expression, part.location, value)) return false;
      out = *value;
      return true;
    }
    case Kind::kArray: {
      json::array& array = out.emplace_array();
      array.resize(part.parts.size());
      for (std::size_t i = 0; i < part.parts.size(); i++) {
        if (!FillPart(part.parts[i], evaluate, array[i])) return false;
      }
      return true;
    }
    case Kind::kObject: {
      json::object& object = out.emplace_object();
      object.reserve(part.parts.size());
      for (std::size_t i = 0; i < part.parts.size(); i++) {
        json::value& member = object.emplace(part.keys[i], nullptr).first->value();
        if (!FillPart(part.parts[i], evaluate, member)) return false;
      }
      return true;
    }
  }
  return true;
}

}  // namespace

bool QueryTemplate::Fill(const Evaluate& evaluate, Json& out) const {
  if (root_->kind == Kind::kConstant) {
    out = source_;
    return true;
  }
  if (root_->kind == Kind::kExpression) {
    return evaluate(*root_->expression, root_->location, out);
  }
  json::value filled;
  if (!FillPart(*root_, evaluate, filled)) return false;
  out = Json(std::move(filled));
  return true;
}

}  // namespace towline::asl
