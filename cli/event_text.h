#pragma once

// The events of a history in one line each, for people.

#include <string>

#include "cli/terminal.h"
#include "proto/towline/v1/executions.pb.h"
#include "proto/towline/v1/history.pb.h"

namespace towline::cli {

// "Add", "lambda invoke", "worker default_ams-1, attempt 1": whom the event is about.
std::string SubjectOf(const v1::HistoryEvent& event);
// Its payload or its error.
std::string DetailOf(const v1::HistoryEvent& event);
Colour ColourOf(const v1::HistoryEvent& event);
std::string ShowNews(const v1::JobNews& news);
// All of them as a table, with the late answers of workers below it.
void PrintHistory(const Terminal& terminal, const v1::GetExecutionHistoryResponse& all);

}  // namespace towline::cli
