#include "tests/simulation/jobs.h"

#include <boost/json/object.hpp>

namespace towline::sim {

JobOutcome Perform(const std::string& type, const json::value& input, bool flake) {
  if (type == "add") {
    const json::object& in = input.as_object();
    const std::int64_t sum = in.at("a").to_number<std::int64_t>() +
                             in.at("b").to_number<std::int64_t>();
    return {.output = PrintJson(json::object{{"sum", sum}})};
  }
  if (type == "fail") return {.output = {}, .error = "Boom"};
  if (type == "flaky" && flake) return {.output = {}, .error = "Flaky"};
  if (type == "once") return {.output = R"({"done":true})"};
  if (type == "hand") return {.output = R"({"handed":true})"};
  return {.output = PrintJson(input)};
}

}  // namespace towline::sim
