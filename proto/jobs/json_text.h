#pragma once

// Reading and writing the messages' JSON without building a tree: at ten thousand messages a
// second a tree is most of the cost. Payloads (inputs, outputs, checkpoints) pass through as text.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "statemachines/base/json.h"
#include "statemachines/base/result.h"

namespace towline::jobs {

// Appends one JSON text; commas and quotes are its business.
class JsonWriter {
 public:
  explicit JsonWriter(std::size_t size_hint = 256) { out_.reserve(size_hint); }

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view name);   // our own names: nothing to escape
  void Name(std::string_view name);  // a key that may need escapes
  void String(std::string_view text);
  void Integer(std::int64_t number);
  void Unsigned(std::uint64_t number);
  void Number(double number);
  void Bool(bool value);
  void Raw(std::string_view json_text);  // one JSON value, as it is

  std::string Take() { return std::move(out_); }

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Comma();

  std::string out_;
  bool comma_ = false;  // something stands before the next value at this level
};

// Length of `text` as a JSON string, quotes included.
std::size_t JsonStringSize(std::string_view text);

// The same text with U+FFFD for every byte that is not UTF-8: what programs print is theirs.
std::string ToUtf8(std::string_view bytes);

// A strict pull reader of one JSON text (UTF-8, RFC 8259). The first mistake sticks: every later
// call returns false, error() says what it was and where. Whatever Raw() hands out, ParseJson
// accepts.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text, int depth_max = static_cast<int>(kJsonDepthMax));

  // Calls member(key) for each member; it must consume the value. The key lives until then.
  template <class F>
  bool Object(F member) {
    if (!Enter('{')) return false;
    if (TryClose('}')) return true;
    std::string key;
    do {
      if (!ReadKey(key) || !member(std::string_view(key)) || failed_) return Fail("bad member");
    } while (Another('}'));
    return !failed_;
  }
  // Calls item() for each item; it must consume the value.
  template <class F>
  bool Array(F item) {
    if (!Enter('[')) return false;
    if (TryClose(']')) return true;
    do {
      if (!item() || failed_) return Fail("bad item");
    } while (Another(']'));
    return !failed_;
  }

  bool String(std::string& value);
  bool Bool(bool& value);
  bool Number(double& value);
  template <class T>
  bool Integer(T& value) {
    std::int64_t number = 0;
    std::uint64_t natural = 0;
    if constexpr (std::numeric_limits<T>::is_signed) {
      if (!ReadSigned(number)) return false;
      if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
        return Fail("integer out of range");
      }
      value = static_cast<T>(number);
    } else {
      if (!ReadUnsigned(natural)) return false;
      if (natural > std::numeric_limits<T>::max()) return Fail("integer out of range");
      value = static_cast<T>(natural);
    }
    return true;
  }
  bool Raw(std::string& json_text);  // any value, as text
  bool Skip();                       // any value
  bool End();                        // nothing but space is left

  // Records a mistake at the current place; always false, for `return reader.Fail(…)`.
  bool Fail(std::string_view what);
  Error error() const;

 private:
  void Space();
  bool Enter(char bracket);
  bool TryClose(char bracket);
  bool Another(char bracket);
  bool ReadKey(std::string& key);
  bool ReadString(std::string* value);  // null: only check
  bool ReadEscape(std::string* value);
  bool ReadHex4(std::uint32_t& unit);
  bool ReadNumberText(std::string_view& text, bool& integral);
  bool ReadSigned(std::int64_t& value);
  bool ReadUnsigned(std::uint64_t& value);
  bool ReadLiteral(std::string_view literal);
  bool SkipScalar();

  std::string_view text_;
  const int depth_max_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool failed_ = false;
  std::string what_;
};

}  // namespace towline::jobs
