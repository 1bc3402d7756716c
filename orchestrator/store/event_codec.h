#pragma once

// Events, states and task specs as bytes (proto/stored/*.proto). A document that several events
// of one step share is written once. Fields are only ever added; golden bytes of every event
// version are kept under tests/store/golden.

#include <string>
#include <string_view>
#include <vector>

#include "statemachines/interpreter/effect.h"
#include "statemachines/interpreter/event.h"
#include "statemachines/interpreter/state.h"

namespace towline::store {

// The records of one step; all have the same time.
std::string EncodeStep(const std::vector<interpreter::EventRecord>& records);
// Throws StoreError when the bytes are damaged or of a newer version.
std::vector<interpreter::EventRecord> DecodeStep(std::string_view bytes);

std::string EncodeState(const interpreter::ExecutionState& state);
interpreter::ExecutionState DecodeState(std::string_view bytes);

// Everything of an open task that dispatch needs, payload and checkpoint included. Without the
// payload (start-up reads 100,000 of them) both are skipped unread and left null.
std::string EncodeTask(const interpreter::OpenTask& task);
interpreter::OpenTask DecodeTask(std::string_view bytes, bool with_payload = true);
// How many bytes at the front suffice to decode it without the payload. All of them when the
// bytes are no task.
std::size_t TaskHeadSize(std::string_view bytes);

}  // namespace towline::store
