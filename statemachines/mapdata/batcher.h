#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "statemachines/base/json.h"

namespace towline::mapdata {

// Groups items into the inputs of child executions: {"BatchInput":…,"Items":[…]}. Holds one batch.
//
//   if (!batcher.Fits(item)) start(batcher.Take());      then the item begins the next one
//   batcher.Add(item);
//   if (batcher.Full()) start(batcher.Take());
//
// The size of a batch is that of its input as compact JSON in UTF-8, all of it: what the child
// gets. An item that exceeds it alone makes a batch of its own; whether a child may have so large
// an input is the limits' matter.
class Batcher {
 public:
  struct Options {
    std::uint64_t items_max = 0;        // MaxItemsPerBatch; 0: any number
    std::size_t bytes_max = 262'144;    // MaxInputBytesPerBatch
    std::optional<Json> batch_input{};  // BatchInput, evaluated
  };
  struct Batch {
    Json input{};
    std::uint64_t items = 0;
  };

  explicit Batcher(Options options);

  bool Empty() const { return items_.empty(); }
  bool Full() const;  // no further item fits, whatever its size
  bool Fits(const json::value& item) const;
  void Add(Json item);
  Batch Take();  // not of an empty one

 private:
  const Options options_;
  const std::size_t frame_bytes_;  // of the input without items
  std::vector<Json> items_;
  std::size_t bytes_;
};

}  // namespace towline::mapdata
