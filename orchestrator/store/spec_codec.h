#pragma once

// What stored steps, states and tasks have in common: execution infos and task specs.

#include <chrono>
#include <optional>
#include <string>

#include "orchestrator/store/documents.h"
#include "orchestrator/store/store.h"
#include "proto/stored/events.pb.h"
#include "statemachines/interpreter/event.h"

namespace towline::store {

void FillInfo(const interpreter::ExecutionInfo& info, stored::ExecutionInfo& to);
interpreter::ExecutionInfo ReadInfo(const stored::ExecutionInfo& from);

void FillSpec(const interpreter::TaskSpec& spec, DocumentWriter& documents, stored::TaskSpec& to);
// Everything but the payload, which stays null.
interpreter::TaskSpec ReadSpec(const stored::TaskSpec& from);

void FillMapRunSpec(const interpreter::MapRunSpec& spec, DocumentWriter& documents,
                    stored::MapRunSpec& to);
interpreter::MapRunSpec ReadMapRunSpec(const stored::MapRunSpec& from,
                                       const DocumentReader& documents);

inline std::int64_t ToMs(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp FromMs(std::int64_t ms) { return Timestamp(Millis(ms)); }
// Wraps around rather than overflows: damaged numbers must do no harm.
inline std::int64_t Minus(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a - b);
}
inline std::uint64_t Plus(std::uint64_t a, std::int64_t b) {
  return a + static_cast<std::uint64_t>(b);
}
inline std::int64_t MsAfter(Timestamp time, Timestamp base) {
  return Minus(static_cast<std::uint64_t>(ToMs(time)), static_cast<std::uint64_t>(ToMs(base)));
}
inline Timestamp After(Timestamp base, std::int64_t ms) {
  return FromMs(static_cast<std::int64_t>(Plus(static_cast<std::uint64_t>(ToMs(base)), ms)));
}

// A stored number as the enumeration it stands for.
template <class Enum>
Enum ReadEnum(std::uint32_t number, Enum last) {
  if (number > static_cast<std::uint32_t>(last)) {
    throw StoreError("stored data is damaged or of a newer version: no such kind " +
                     std::to_string(number));
  }
  return static_cast<Enum>(number);
}

}  // namespace towline::store
