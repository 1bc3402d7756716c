#pragma once

#include <map>
#include <string>

#include "worker/sdk/job.h"

namespace towline::handlers {

// Reads and writes files of the site below directories that it lists. No path leads out of them,
// neither by "..", nor by a symbolic link, nor while somebody moves things about.
struct FileConfig {
  std::map<std::string, std::string> roots{};  // name: directory
  bool write = false;                          // allows write and delete
  int bytes_max = 40 << 10;                    // of one read or write
  int entries_max = 500;                       // of one list
};

// {"op": "read", "root", "path", "encoding"?: "text" (default), "base64" or "json", "offset"?,
//  "length"?} gives {"content", "bytes", "size"};
// {"op": "write", "root", "path", "content", "encoding"?} gives {"bytes"}: the whole file at once,
// on disk before it says so;
// {"op": "list", "root", "path"?} gives {"entries": [{"name", "type", "size", "modified"}]};
// {"op": "stat", …} gives {"type", "size", "modified"}; {"op": "delete", …} gives {}.
// Errors: File.NotFound, File.TooLarge, File.Failed, Towline.BadInput, Towline.Refused.
sdk::Function MakeFile(FileConfig config);

}  // namespace towline::handlers
