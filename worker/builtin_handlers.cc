#include "worker/builtin_handlers.h"

#include <cmath>

#include "proto/jobs/json_text.h"
#include "statemachines/base/check.h"

namespace towline::worker {
namespace {

constexpr std::string_view kAddNumbers = "add-numbers";

class AddNumbers : public Handler {
 public:
  Started Start(Job job) override {
    double a = 0;
    double b = 0;
    bool has_a = false;
    bool has_b = false;
    jobs::JsonReader in(job.input);
    const bool read = in.Object([&](std::string_view key) {
      if (key == "a") return has_a = in.Number(a);
      if (key == "b") return has_b = in.Number(b);
      return in.Skip();
    });
    if (!read) return Refused(in.error().message);
    if (!has_a || !has_b) return Refused(has_a ? "b is missing" : "a is missing");
    if (!std::isfinite(a + b)) return Refused("the sum is out of range");
    jobs::JsonWriter out(32);
    out.BeginObject();
    out.Key("sum");
    out.Number(a + b);
    out.EndObject();
    return {.outcome = Outcome{.succeeded = true, .output = out.Take()}};
  }
  void Signal(JobId, bool) override {}
  bool instant() const override { return true; }

 private:
  static Started Refused(const std::string& why) {
    return {.outcome =
                Outcome{.error = "Towline.BadInput",
                        .cause = "the input must be {\"a\": number, \"b\": number}: " + why}};
  }
};

}  // namespace

bool IsBuiltinHandler(std::string_view name) { return name == kAddNumbers; }
std::string BuiltinHandlerNames() { return std::string(kAddNumbers); }

std::unique_ptr<Handler> MakeBuiltinHandler(std::string_view name) {
  CHECK(IsBuiltinHandler(name));
  return std::make_unique<AddNumbers>();
}

}  // namespace towline::worker
