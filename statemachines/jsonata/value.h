#pragma once

// What an expression computes with. A Value is two words: a scalar, a view into JSON that somebody
// else keeps, or a pointer to something that this evaluation has made in its arena. Private to this
// room.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string_view>

#include "statemachines/base/json.h"
#include "statemachines/jsonata/arena.h"

namespace towline::jsonata {

struct Array;
struct Object;
struct Function;
struct Tuple;

enum class Kind : std::uint8_t {
  kUndefined,
  kNull,
  kBool,
  kNumber,
  kString,
  kArrayView,   // a json::array of the input or of a variable
  kObjectView,  // likewise an object
  kArray,       // made by this evaluation
  kObject,
  kStates,  // $states on the way to one of its members
  kFunction,
  kTuple,     // only as an element of a tuple stream
  kTailCall,  // only on the way from a lambda's body to its caller
  kFailed,    // the evaluation has failed; the evaluator knows why
};

class Value {
 public:
  Value() : kind_(Kind::kUndefined), number_(0) {}
  static Value Null() { return Value(Kind::kNull); }
  static Value Bool(bool value) {
    Value made(Kind::kBool);
    made.bool_ = value;
    return made;
  }
  static Value Number(double value) {
    Value made(Kind::kNumber);
    made.number_ = value;
    return made;
  }
  static Value Integer(std::size_t value) { return Number(static_cast<double>(value)); }
  // `text` stays where it is; at most 4 GiB, which the bound on memory ensures.
  static Value String(std::string_view text) {
    Value made(Kind::kString);
    made.text_ = text.data();
    made.size_ = static_cast<std::uint32_t>(text.size());
    return made;
  }
  static Value Of(Array* array) {
    Value made(Kind::kArray);
    made.array_ = array;
    return made;
  }
  static Value Of(Object* object) {
    Value made(Kind::kObject);
    made.object_ = object;
    return made;
  }
  static Value Of(const Function* function) {
    Value made(Kind::kFunction);
    made.function_ = function;
    return made;
  }
  static Value Of(Tuple* tuple) {
    Value made(Kind::kTuple);
    made.tuple_ = tuple;
    return made;
  }
  static Value States() { return Value(Kind::kStates); }
  static Value TailCall() { return Value(Kind::kTailCall); }
  static Value Failed() { return Value(Kind::kFailed); }
  // A view of `value`, which lies in the document numbered `root` (0: unknown).
  static Value View(const json::value& value, std::uint8_t root);

  Kind kind() const { return kind_; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_failed() const { return kind_ == Kind::kFailed; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_bool() const { return kind_ == Kind::kBool; }
  bool is_number() const { return kind_ == Kind::kNumber; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_function() const { return kind_ == Kind::kFunction; }
  bool is_array() const { return kind_ == Kind::kArray || kind_ == Kind::kArrayView; }
  bool is_object_view() const { return kind_ == Kind::kObjectView; }
  bool is_object() const { return kind_ == Kind::kObject || kind_ == Kind::kObjectView; }

  bool boolean() const { return bool_; }
  double number() const { return number_; }
  std::string_view text() const { return {text_, size_}; }
  Array* array() const { return array_; }     // of a kArray
  Object* object() const { return object_; }  // of a kObject
  const Function* function() const { return function_; }
  Tuple* tuple() const { return tuple_; }
  const json::value& view() const { return *view_; }  // of a view
  const json::array& array_view() const { return *view_->if_array(); }
  const json::object& object_view() const { return *view_->if_object(); }
  std::uint8_t root() const { return root_; }
  bool IsSameViewAs(Value other) const {
    return is_object_view() && other.is_object_view() && view_ == other.view_;
  }

  // A function that was passed as an argument; JSONata takes it for false, others for true.
  Value AsArgument() const {
    Value made = *this;
    if (is_function()) made.root_ = 1;
    return made;
  }
  bool is_argument() const { return root_ != 0; }  // of a function

  // An integer of the input that no double holds exactly is passed on unharmed: this is what has
  // to be added to number(). Arithmetic does not know it.
  int integer_rest() const { return static_cast<int>(size_); }

 private:
  explicit Value(Kind kind) : kind_(kind), number_(0) {}

  Kind kind_;
  std::uint8_t root_ = 0;
  std::uint32_t size_ = 0;  // of a string; of a number its integer_rest
  union {
    double number_;
    bool bool_;
    const char* text_;
    const json::value* view_;
    Array* array_;
    Object* object_;
    const Function* function_;
    Tuple* tuple_;
  };
};
static_assert(sizeof(Value) == 16);

// An array made by an evaluation. The flags are JSONata's own: they decide when a result of one
// element is that element, and what a path flattens. Arrays have an identity: the flags of one that
// two names share are seen through both.
struct Array {
  Value* items = nullptr;  // null if `range`
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  bool sequence = false;        // the result of a query: alone in it, an element stands for it
  bool keep_singleton = false;  // ... but not this time: a[]
  bool constructed = false;     // [...] as a step of a path: not flattened into it
  bool outer_wrapper = false;   // holds the input, which is an array itself, as its only element
  bool tuple_stream = false;    // holds Tuples
  bool range = false;           // first, first + 1, ... without storage
  std::uint16_t depth = 1;      // of nested arrays and objects, as far as this evaluation made them
  double first = 0;

  Value at(std::uint32_t index) const {
    return range ? Value::Number(first + index) : items[index];
  }
};

// The elements of an array of any kind.
class Elements {
 public:
  explicit Elements(Value array) {
    if (array.kind() == Kind::kArray) {
      made_ = array.array();
      size_ = made_->size;
    } else {
      const json::array& view = array.array_view();
      view_ = view.data();
      root_ = array.root();
      size_ = static_cast<std::uint32_t>(view.size());
    }
  }
  std::uint32_t size() const { return size_; }
  Value operator[](std::uint32_t index) const {
    return view_ != nullptr ? Value::View(view_[index], root_) : made_->at(index);
  }

 private:
  const json::value* view_ = nullptr;
  const Array* made_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint8_t root_ = 0;
};

struct Member {
  const char* key_text = nullptr;
  std::uint32_t key_size = 0;
  std::uint32_t hash = 0;
  Value value{};

  std::string_view key() const { return {key_text, key_size}; }
};

// An object made by an evaluation: members in the order of their first insertion, with a hash table
// once there are many.
struct Object {
  Member* members = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  std::uint32_t* slots = nullptr;  // 1 + index of a member; a power of two of them, 0: free
  std::uint32_t slot_mask = 0;
  std::uint16_t depth = 1;
  std::uint32_t clone = 0;  // which transformation may change it

  const Value* Find(std::string_view key) const;
  void Erase(std::string_view key);
};

// What the bound on memory counts for an element; a range, which stores none, pays for them too.
inline constexpr std::size_t kElementCharge = 8;
// Nesting of values that an evaluation may make; it keeps every walk over them off the stack's end.
inline constexpr std::uint16_t kDepthMax = 500;

// Appends to an array that nobody else appends to. Once the arena is exhausted nothing is added.
void Push(Arena& arena, Array& array, Value value);
// Adds or replaces a member; the key is not copied. Likewise bounded.
void Set(Arena& arena, Object& object, std::string_view key, Value value);
// Completes an object whose values were filled in behind Set: undefined members go.
Object* Completed(Arena& arena, Object& object);
// Makes room for `count` elements in all; false if the arena has none.
bool Reserve(Arena& arena, Array& array, std::size_t count);
Array* NewArray(Arena& arena);
Array* NewSequence(Arena& arena);

// The bytes are copied into the arena; an empty text if there is no room.
std::string_view Keep(Arena& arena, std::string_view text);

// Whether a key is a canonical array index ("0", "17"): JavaScript enumerates those first, in
// ascending order.
bool IsIndexKey(std::string_view key);

// The members of an object in the order in which JavaScript enumerates them.
class Members {
 public:
  Members(Arena& arena, Value object);
  std::uint32_t size() const { return size_; }
  std::string_view key(std::uint32_t index) const;
  Value value(std::uint32_t index) const;
  // Where the member stands in the object itself.
  std::uint32_t Place(std::uint32_t index) const {
    return order_ == nullptr ? index : order_[index];
  }

 private:
  std::string_view RawKey(std::uint32_t index) const;

  const Member* made_ = nullptr;
  const json::object* view_ = nullptr;
  std::uint8_t root_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t* order_ = nullptr;
};

inline Value Value::View(const json::value& value, std::uint8_t root) {
  Value made;
  made.root_ = root;
  switch (value.kind()) {
    case json::kind::null:
      made.kind_ = Kind::kNull;
      break;
    case json::kind::bool_:
      made.kind_ = Kind::kBool;
      made.bool_ = value.get_bool();
      break;
    case json::kind::int64: {
      const std::int64_t integer = value.get_int64();
      made.kind_ = Kind::kNumber;
      made.number_ = static_cast<double>(integer);
      constexpr std::int64_t kExact = std::int64_t{1} << 53;
      if (integer > kExact || integer < -kExact) {
        made.size_ = static_cast<std::uint32_t>(static_cast<__int128>(integer) -
                                                static_cast<__int128>(made.number_));
      }
      break;
    }
    case json::kind::uint64: {
      const std::uint64_t integer = value.get_uint64();
      made.kind_ = Kind::kNumber;
      made.number_ = static_cast<double>(integer);
      made.size_ = static_cast<std::uint32_t>(static_cast<__int128>(integer) -
                                              static_cast<__int128>(made.number_));
      break;
    }
    case json::kind::double_:
      made.kind_ = Kind::kNumber;
      made.number_ = value.get_double();
      break;
    case json::kind::string:
      made.kind_ = Kind::kString;
      made.text_ = value.get_string().data();
      made.size_ = static_cast<std::uint32_t>(value.get_string().size());
      break;
    case json::kind::array:
      made.kind_ = Kind::kArrayView;
      made.view_ = &value;
      break;
    case json::kind::object:
      made.kind_ = Kind::kObjectView;
      made.view_ = &value;
      break;
  }
  return made;
}

}  // namespace towline::jsonata
