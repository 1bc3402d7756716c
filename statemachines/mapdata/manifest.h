#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "statemachines/mapdata/reader_config.h"

namespace towline::mapdata {

// The objects that a manifest names, in its order, and how to read them.
struct Manifest {
  struct Object {
    std::string bucket{};
    std::string key{};
  };
  std::vector<Object> objects{};
  ReaderConfig config{};  // of the objects: their format and their headers
};

// `text` is the whole manifest, `source` its name for messages. An inventory's files lie in the
// bucket of its manifest.json; their keys, like every cell, are kept as the inventory writes them.
Result<Manifest> ReadManifest(const ItemReader& reader, std::string_view text,
                              const std::string& source);

}  // namespace towline::mapdata
