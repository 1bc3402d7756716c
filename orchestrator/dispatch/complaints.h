#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "statemachines/base/time.h"

namespace towline::dispatch {

// Logs what is wrong with messages, once per sender, kind of complaint and minute, with the number
// of those kept quiet about. Bounded: senders are of the outside's choosing.
class Complaints {
 public:
  // `event` is the log line's name. True when it was logged.
  bool Add(std::string_view event, std::string_view sender, std::string_view problem,
           Timestamp now);

 private:
  struct Entry {
    Timestamp logged{};
    std::uint64_t quiet = 0;
  };
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace towline::dispatch
