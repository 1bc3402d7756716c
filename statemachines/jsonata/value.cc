#include "statemachines/jsonata/value.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace towline::jsonata {
namespace {

// What the bound on memory counts for a member, besides characters.
constexpr std::size_t kMemberCharge = 16;
// Up to here a linear search is faster.
constexpr std::uint32_t kUnhashedMax = 8;

std::uint32_t HashOf(std::string_view key) {
  std::uint32_t hash = 2166136261U;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::uint16_t DepthOf(Value value) {
  if (value.kind() == Kind::kArray) return value.array()->depth;
  if (value.kind() == Kind::kObject) return value.object()->depth;
  return 0;
}

void CountDepth(Arena& arena, std::uint16_t& depth, Value element) {
  const std::uint16_t inner = DepthOf(element);
  if (inner < depth) return;
  depth = static_cast<std::uint16_t>(inner + 1);
  if (depth > kDepthMax) arena.RefuseDepth();
}

void TakeSlot(Object& object, std::uint32_t index) {
  std::uint32_t slot = object.members[index].hash & object.slot_mask;
  while (object.slots[slot] != 0) slot = (slot + 1) & object.slot_mask;
  object.slots[slot] = index + 1;
}

void Rehash(Arena& arena, Object& object) {
  const std::uint32_t count = object.capacity * 2;
  object.slots = arena.NewArray<std::uint32_t>(count);
  object.slot_mask = count - 1;
  std::memset(object.slots, 0, count * sizeof(std::uint32_t));
  for (std::uint32_t i = 0; i < object.size; i++) TakeSlot(object, i);
}

Member* FindMember(const Object& object, std::string_view key, std::uint32_t hash) {
  if (object.slots == nullptr) {
    for (std::uint32_t i = 0; i < object.size; i++) {
      Member& member = object.members[i];
      if (member.hash == hash && member.key() == key) return &member;
    }
    return nullptr;
  }
  for (std::uint32_t slot = hash & object.slot_mask; object.slots[slot] != 0;
       slot = (slot + 1) & object.slot_mask) {
    Member& member = object.members[object.slots[slot] - 1];
    if (member.hash == hash && member.key() == key) return &member;
  }
  return nullptr;
}

bool Grow(Arena& arena, Object& object) {
  const std::uint32_t capacity = object.capacity == 0 ? 4 : object.capacity * 2;
  if (!arena.Charge((capacity - object.capacity) * kMemberCharge)) return false;
  Member* const members = arena.NewArray<Member>(capacity);
  if (object.size > 0) std::memcpy(members, object.members, object.size * sizeof(Member));
  object.members = members;
  object.capacity = capacity;
  if (capacity > kUnhashedMax) Rehash(arena, object);
  return true;
}

}  // namespace

static_assert(std::is_trivially_copyable_v<Member>);

const Value* Object::Find(std::string_view key) const {
  const Member* const member = FindMember(*this, key, size > 0 ? HashOf(key) : 0);
  return member == nullptr ? nullptr : &member->value;
}

void Object::Erase(std::string_view key) {
  Member* const member = FindMember(*this, key, HashOf(key));
  if (member == nullptr) return;
  std::copy(member + 1, members + size, member);
  size--;
  if (slots == nullptr) return;
  std::memset(slots, 0, (slot_mask + std::size_t{1}) * sizeof(std::uint32_t));
  for (std::uint32_t i = 0; i < size; i++) TakeSlot(*this, i);
}

void Set(Arena& arena, Object& object, std::string_view key, Value value) {
  CountDepth(arena, object.depth, value);
  const std::uint32_t hash = HashOf(key);
  if (Member* const member = FindMember(object, key, hash)) {
    member->value = value;
    return;
  }
  if (object.size == object.capacity && !Grow(arena, object)) return;
  object.members[object.size] = {.key_text = key.data(),
                                 .key_size = static_cast<std::uint32_t>(key.size()),
                                 .hash = hash,
                                 .value = value};
  if (object.slots != nullptr) TakeSlot(object, object.size);
  object.size++;
}

Object* Completed(Arena& arena, Object& object) {
  std::uint32_t defined = 0;
  for (std::uint32_t i = 0; i < object.size; i++) {
    CountDepth(arena, object.depth, object.members[i].value);
    if (!object.members[i].value.is_undefined()) defined++;
  }
  if (defined == object.size) return &object;
  Object* const completed = arena.New<Object>();
  for (std::uint32_t i = 0; i < object.size; i++) {
    const Member& member = object.members[i];
    if (!member.value.is_undefined()) Set(arena, *completed, member.key(), member.value);
  }
  return completed;
}

bool Reserve(Arena& arena, Array& array, std::size_t count) {
  if (count <= array.capacity) return true;
  if (count > std::numeric_limits<std::uint32_t>::max()) count = std::size_t{1} << 60U;
  if (!arena.Charge((count - array.capacity) * kElementCharge)) return false;
  Value* const items = arena.NewArray<Value>(count);
  if (array.size > 0) std::copy(array.items, array.items + array.size, items);
  array.items = items;
  array.capacity = static_cast<std::uint32_t>(count);
  return true;
}

void Push(Arena& arena, Array& array, Value value) {
  if (array.size == array.capacity &&
      !Reserve(arena, array, array.capacity == 0 ? 4 : std::size_t{2} * array.capacity)) {
    return;
  }
  CountDepth(arena, array.depth, value);
  array.items[array.size++] = value;
}

Array* NewArray(Arena& arena) { return arena.New<Array>(); }

Array* NewSequence(Arena& arena) {
  Array* const sequence = arena.New<Array>();
  sequence->sequence = true;
  return sequence;
}

std::string_view Keep(Arena& arena, std::string_view text) {
  if (text.empty() || !arena.Charge(text.size())) return {};
  char* const copy = arena.NewArray<char>(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

bool IsIndexKey(std::string_view key) {
  if (key.empty() || key.size() > 10 || key[0] < '0' || key[0] > '9') return false;
  if (key[0] == '0') return key.size() == 1;
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  return error == std::errc() && end == key.data() + key.size() && index < 0xFFFFFFFFU;
}

Members::Members(Arena& arena, Value object) {
  if (object.kind() == Kind::kObject) {
    made_ = object.object()->members;
    size_ = object.object()->size;
  } else {
    view_ = &object.object_view();
    root_ = object.root();
    size_ = static_cast<std::uint32_t>(view_->size());
  }
  std::uint32_t indexes = 0;
  for (std::uint32_t i = 0; i < size_; i++) indexes += IsIndexKey(RawKey(i)) ? 1 : 0;
  if (indexes == 0) return;
  order_ = arena.NewArray<std::uint32_t>(size_);
  std::uint32_t index_at = 0;
  std::uint32_t other_at = indexes;
  for (std::uint32_t i = 0; i < size_; i++) {
    order_[IsIndexKey(RawKey(i)) ? index_at++ : other_at++] = i;
  }
  std::sort(order_, order_ + indexes, [this](std::uint32_t a, std::uint32_t b) {
    const std::string_view x = RawKey(a);
    const std::string_view y = RawKey(b);
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
}

std::string_view Members::RawKey(std::uint32_t index) const {
  if (made_ != nullptr || view_ == nullptr) return made_[index].key();
  const auto key = view_->begin()[index].key();
  return {key.data(), key.size()};
}

std::string_view Members::key(std::uint32_t index) const { return RawKey(Place(index)); }

Value Members::value(std::uint32_t index) const {
  const std::uint32_t place = Place(index);
  if (view_ == nullptr) return made_[place].value;
  return Value::View(view_->begin()[place].value(), root_);
}

}  // namespace towline::jsonata
