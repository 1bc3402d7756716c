#include "orchestrator/store/packed_json.h"

#include <bit>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstring>

#include "orchestrator/store/store.h"

namespace towline::store {
namespace {

namespace json = boost::json;

enum Tag : unsigned char {
  kNull = 0x00,
  kFalse = 0x01,
  kTrue = 0x02,
  kInteger = 0x03,
  kDouble = 0x04,
  kUnsigned = 0x05,
  kText = 0x06,
  kArray = 0x07,
  kObject = 0x08,
  kShortText = 0x20,
  kShortArray = 0x40,
  kShortObject = 0x50,
  kSmallInteger = 0x80,
};
constexpr std::size_t kShortTextMax = 31;
constexpr std::size_t kShortCountMax = 15;

static_assert(std::endian::native == std::endian::little, "doubles are stored little-endian");

[[noreturn]] void Damaged(const char* what) {
  throw StoreError(std::string("a stored document is damaged: ") + what);
}

void Put(std::string& out, unsigned tag) { out.push_back(static_cast<char>(tag)); }

void AppendCount(std::string& out, std::size_t count, Tag small, std::size_t small_max, Tag large) {
  if (count <= small_max) return Put(out, static_cast<unsigned>(small + count));
  Put(out, large);
  AppendVarint(out, count);
}

void AppendInteger(std::string& out, std::int64_t number) {
  if (number >= 0 && number < 128) {
    return Put(out, kSmallInteger + static_cast<unsigned>(number));
  }
  Put(out, kInteger);
  AppendVarint(out, (static_cast<std::uint64_t>(number) << 1) ^
                        static_cast<std::uint64_t>(number >> 63));
}

// The value itself without what it contains.
void AppendHead(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return Put(out, kNull);
    case json::kind::bool_: return Put(out, value.get_bool() ? kTrue : kFalse);
    case json::kind::int64: return AppendInteger(out, value.get_int64());
    case json::kind::uint64:
      Put(out, kUnsigned);
      return AppendVarint(out, value.get_uint64());
    case json::kind::double_: {
      const double number = value.get_double();
      char bytes[sizeof number];
      std::memcpy(bytes, &number, sizeof number);
      Put(out, kDouble);
      out.append(bytes, sizeof bytes);
      return;
    }
    case json::kind::string: {
      const json::string& text = value.get_string();
      AppendCount(out, text.size(), kShortText, kShortTextMax, kText);
      out.append(text.data(), text.size());
      return;
    }
    case json::kind::array:
      return AppendCount(out, value.get_array().size(), kShortArray, kShortCountMax, kArray);
    case json::kind::object:
      return AppendCount(out, value.get_object().size(), kShortObject, kShortCountMax, kObject);
  }
}

std::string_view TakeBytes(std::string_view& bytes, std::uint64_t count) {
  if (count > bytes.size()) Damaged("it is cut short");
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

// A container whose members are still being read.
struct Open {
  json::value* container;
  std::uint64_t left;
};

void ReadContainer(std::string_view bytes, json::value& to, bool array, std::uint64_t count,
                   std::vector<Open>& open) {
  // Each member takes at least one byte (two with its key): no damaged count can claim memory.
  if (count > bytes.size() / (array ? 1 : 2)) Damaged("it is cut short");
  if (array) {
    to.emplace_array().reserve(count);
  } else {
    to.emplace_object().reserve(count);
  }
  if (count > 0) open.push_back({&to, count});
}

void ReadScalar(std::string_view& bytes, unsigned tag, json::value& to) {
  switch (tag) {
    case kNull: to = nullptr; return;
    case kFalse: to = false; return;
    case kTrue: to = true; return;
    case kInteger: {
      const std::uint64_t zigzag = TakeVarint(bytes);
      to = static_cast<std::int64_t>(zigzag >> 1) ^ -static_cast<std::int64_t>(zigzag & 1);
      return;
    }
    case kUnsigned: to = TakeVarint(bytes); return;
    case kDouble: {
      double number = 0;
      std::memcpy(&number, TakeBytes(bytes, sizeof number).data(), sizeof number);
      to = number;
      return;
    }
    default: Damaged("it holds an unknown kind of value");
  }
}

void ReadHead(std::string_view& bytes, json::value& to, std::vector<Open>& open) {
  const unsigned tag = static_cast<unsigned char>(TakeBytes(bytes, 1).front());
  if (tag >= kSmallInteger) {
    to = static_cast<std::int64_t>(tag - kSmallInteger);
  } else if (tag >= kShortText && tag < kShortArray) {
    to.emplace_string() = TakeBytes(bytes, tag - kShortText);
  } else if (tag == kText) {
    const std::uint64_t size = TakeVarint(bytes);
    to.emplace_string() = TakeBytes(bytes, size);
  } else if (tag == kArray || tag == kObject) {
    const std::uint64_t count = TakeVarint(bytes);
    ReadContainer(bytes, to, tag == kArray, count, open);
  } else if (tag >= kShortArray && tag <= kShortObject + kShortCountMax) {
    const bool array = tag < kShortObject;
    ReadContainer(bytes, to, array, tag - (array ? kShortArray : kShortObject), open);
  } else {
    ReadScalar(bytes, tag, to);
  }
}

// Room for the next member of the innermost open container. Capacity was reserved, so that no
// earlier member moves.
json::value& NextMember(std::string_view& bytes, Open& open) {
  open.left--;
  if (json::array* array = open.container->if_array()) return array->emplace_back(nullptr);
  const std::uint64_t size = TakeVarint(bytes);
  const auto [member, fresh] =
      open.container->get_object().emplace(TakeBytes(bytes, size), nullptr);
  if (!fresh) Damaged("a key occurs twice");
  return member->value();
}

}  // namespace

void AppendVarint(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<char>(number));
}

std::uint64_t TakeVarint(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(TakeBytes(bytes, 1).front());
    number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return number;
  }
  Damaged("a number does not end");
}

void AppendPacked(std::string& out, const json::value& value) {
  AppendHead(out, value);
  if (!value.is_structured()) return;
  struct Level {
    const json::value* container;
    std::size_t index;
  };
  std::vector<Level> open{{&value, 0}};
  while (!open.empty()) {
    Level& level = open.back();
    const json::value* member = nullptr;
    if (const json::array* array = level.container->if_array()) {
      if (level.index < array->size()) member = &(*array)[level.index];
    } else if (const json::object& object = level.container->get_object();
               level.index < object.size()) {
      const json::key_value_pair& pair = object.begin()[level.index];
      AppendVarint(out, pair.key().size());
      out.append(pair.key().data(), pair.key().size());
      member = &pair.value();
    }
    if (member == nullptr) {
      open.pop_back();
      continue;
    }
    level.index++;
    AppendHead(out, *member);
    if (member->is_structured()) open.push_back({member, 0});
  }
}

json::value ReadPacked(std::string_view bytes) {
  json::value value;
  std::vector<Open> open;
  ReadHead(bytes, value, open);
  while (!open.empty()) {
    if (open.back().left == 0) {
      open.pop_back();
      continue;
    }
    ReadHead(bytes, NextMember(bytes, open.back()), open);
  }
  if (!bytes.empty()) Damaged("it goes on after its end");
  return value;
}

const json::value* PreorderWalk::Next() {
  const json::value* current = next_;
  if (current == nullptr) return nullptr;
  if (current->is_structured()) open_.push_back({current, 0});
  next_ = nullptr;
  while (next_ == nullptr && !open_.empty()) {
    Level& level = open_.back();
    if (const json::array* array = level.container->if_array()) {
      if (level.index < array->size()) next_ = &(*array)[level.index];
    } else if (const json::object& object = level.container->get_object();
               level.index < object.size()) {
      next_ = &object.begin()[level.index].value();
    }
    level.index++;
    if (next_ == nullptr) open_.pop_back();
  }
  return current;
}

}  // namespace towline::store
