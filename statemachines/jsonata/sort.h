#pragma once

// Private to this room.

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace towline::jsonata {

// Sorts the numbers from `from` to `to` of `order` by merging halves: stable, and safe with a
// comparison that contradicts itself, which one written in JSONata may do. `is_after(a, b)`: a
// belongs behind b.
template <class IsAfter>
void MergeSort(std::vector<std::uint32_t>& order, std::vector<std::uint32_t>& spare,
               std::size_t from, std::size_t to, const IsAfter& is_after) {
  if (to - from < 2) return;
  const std::size_t middle = from + (to - from) / 2;
  MergeSort(order, spare, from, middle, is_after);
  MergeSort(order, spare, middle, to, is_after);
  std::size_t left = from;
  std::size_t right = middle;
  for (std::size_t at = from; at < to; at++) {
    const bool take_right = left == middle || (right < to && is_after(order[left], order[right]));
    spare[at] = order[take_right ? right++ : left++];
  }
  for (std::size_t at = from; at < to; at++) order[at] = spare[at];
}

// The numbers 0 to size - 1 in sorted order.
template <class IsAfter>
std::vector<std::uint32_t> SortedOrder(std::uint32_t size, const IsAfter& is_after) {
  std::vector<std::uint32_t> order(size);
  std::iota(order.begin(), order.end(), 0U);
  std::vector<std::uint32_t> spare(size);
  MergeSort(order, spare, 0, size, is_after);
  return order;
}

}  // namespace towline::jsonata
