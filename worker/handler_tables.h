#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "worker/config_reader.h"
#include "worker/handlers/file.h"
#include "worker/handlers/http.h"
#include "worker/handlers/sql.h"

namespace towline::worker {

// What a ready-made job type may do here.
using HandlerSettings =
    std::variant<std::monostate, handlers::HttpConfig, handlers::SqlConfig, handlers::FileConfig>;

// The tables [job_type.http], [job_type.sql] and [job_type.file]; the one of `handler` must be
// there, the others must not. `folder` is that of the file.
void ReadHandlerTables(Reader& in, const std::filesystem::path& folder, const std::string& handler,
                       HandlerSettings& settings);

bool IsReadyMade(std::string_view handler);
std::string ReadyMadeNames();  // for people

// Of settings that are not empty.
sdk::Function MakeReadyMade(const HandlerSettings& settings);

// Loads what the settings will need. Error: a library is missing.
Status CheckLibraries(const HandlerSettings& settings);

}  // namespace towline::worker
