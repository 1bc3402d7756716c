#pragma once

// The words that enumerations are on the wire.

#include <optional>
#include <string_view>
#include <utility>

#include "proto/jobs/messages.h"

namespace towline::jobs {

template <class T, std::size_t N>
using Names = std::pair<T, std::string_view>[N];

inline constexpr Names<StartMode, 2> kStartModes = {{StartMode::kAtLeastOnce, "AtLeastOnce"},
                                                    {StartMode::kAtMostOnce, "AtMostOnce"}};
inline constexpr Names<WorkerState, 3> kWorkerStates = {{WorkerState::kOnline, "online"},
                                                        {WorkerState::kDraining, "draining"},
                                                        {WorkerState::kOffline, "offline"}};
inline constexpr Names<WorkerEvent::Kind, 5> kEventKinds = {
    {WorkerEvent::Kind::kAccepted, "accepted"},
    {WorkerEvent::Kind::kDeclined, "declined"},
    {WorkerEvent::Kind::kHeartbeat, "heartbeat"},
    {WorkerEvent::Kind::kProgress, "progress"},
    {WorkerEvent::Kind::kLog, "log"}};
inline constexpr Names<JobResult::Outcome, 3> kOutcomes = {
    {JobResult::Outcome::kSucceeded, "succeeded"},
    {JobResult::Outcome::kFailed, "failed"},
    {JobResult::Outcome::kCancelled, "cancelled"}};
inline constexpr Names<CallbackReply::Verdict, 3> kVerdicts = {
    {CallbackReply::Verdict::kRecorded, "recorded"},
    {CallbackReply::Verdict::kStale, "stale"},
    {CallbackReply::Verdict::kInvalid, "invalid"}};

template <class T, std::size_t N>
constexpr std::string_view NameOf(const Names<T, N>& names, T value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return {};
}

template <class T, std::size_t N>
constexpr std::optional<T> ValueOf(const Names<T, N>& names, std::string_view text) {
  for (const auto& [each, name] : names) {
    if (name == text) return each;
  }
  return std::nullopt;
}

}  // namespace towline::jobs
