#include "statemachines/asl/source_positions.h"

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <utility>

namespace towline::asl {
namespace {

constexpr std::uint64_t kRootHash = 0x9e3779b97f4a7c15;

std::uint64_t Descend(std::uint64_t parent, std::string_view token) {
  std::uint64_t hash = parent ^ std::hash<std::string_view>{}(token);
  hash *= 0xff51afd7ed558ccd;
  return hash ^ (hash >> 32);
}

// Calls `visit` with the hash of each prefix of `pointer`, the root's first.
template <class Visit>
void EachPrefix(std::string_view pointer, Visit visit) {
  std::uint64_t hash = kRootHash;
  visit(hash);
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // '/'
    const std::size_t end = pointer.find('/');
    std::string token(pointer.substr(0, end));
    pointer.remove_prefix(end == std::string_view::npos ? pointer.size() : end);
    for (std::size_t at = 0; (at = token.find('~', at)) != std::string::npos; at++) {
      token.replace(at, 2, token.compare(at, 2, "~1") == 0 ? "/" : "~");
    }
    hash = Descend(hash, token);
    visit(hash);
  }
}

}  // namespace

// One walk over a JSON text that is known to be well formed.
class SourceWalk {
 public:
  SourceWalk(std::string_view text, SourcePositions& found) : text_(text), found_(found) {}

  void Run() {
    Value(kRootHash, "");
    while (!levels_.empty()) Step();
  }

 private:
  struct Level {
    std::uint64_t hash = 0;
    bool object = false;
    std::size_t index = 0;                     // arrays
    bool names = false;                        // a `States` object
    std::unordered_set<std::string_view> seen{};
  };

  void Skip() {
    for (; at_ < text_.size(); at_++) {
      const char c = text_[at_];
      if (c == '\n') {
        line_++;
        line_start_ = at_ + 1;
        continuations_ = 0;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  TextPosition Here() const {
    return {.line = line_, .column = static_cast<int>(at_ - line_start_ - continuations_) + 1};
  }

  // The raw text between the quotes.
  std::string_view String() {
    const std::size_t begin = ++at_;
    while (text_[at_] != '"') {
      if ((static_cast<unsigned char>(text_[at_]) & 0xC0) == 0x80) continuations_++;
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    return text_.substr(begin, at_++ - begin);
  }

  // Begins the value at hand: notes its place and opens a level for an object or array.
  void Value(std::uint64_t hash, std::string_view key) {
    Skip();
    Note(hash);
    const char c = at_ < text_.size() ? text_[at_] : '0';
    if (c == '{' || c == '[') {
      at_++;
      Level level;
      level.hash = hash;
      level.object = c == '{';
      level.names = level.object && key == "States";
      levels_.push_back(std::move(level));
    } else if (c == '"') {
      String();
    } else {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
  }

  static std::string Decoded(std::string_view key) {
    std::string name(key);
    if (name.find('\\') == std::string::npos) return name;
    const Result<Json> value = ParseJson('"' + name + '"');
    return value && (*value)->is_string() ? std::string((*value)->get_string()) : name;
  }

  void Note(std::uint64_t hash) {
    const auto wanted = found_.positions_.find(hash);
    if (wanted != found_.positions_.end()) wanted->second = Here();
  }

  // Takes the next member, element or closing bracket of the innermost level.
  void Step() {
    Skip();
    Level& level = levels_.back();
    const char c = text_[at_];
    if (c == '}' || c == ']') {
      at_++;
      levels_.pop_back();
    } else if (c == ',') {
      at_++;
    } else if (level.object) {
      const TextPosition position = Here();
      const std::string_view key = String();
      if (level.names && !level.seen.insert(key).second) {
        found_.repeated_names_.push_back(
            {.object = level.hash, .name = std::string(key), .position = position});
      }
      Skip();
      at_++;  // ':'
      Value(Descend(level.hash, Decoded(key)), key);
    } else {
      Value(Descend(level.hash, std::to_string(level.index++)), "");
    }
  }

  std::string_view text_;
  SourcePositions& found_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::size_t line_start_ = 0;
  std::size_t continuations_ = 0;  // bytes of this line that begin no character
  std::vector<Level> levels_;
};

void SourcePositions::Want(std::string_view pointer) {
  EachPrefix(pointer, [this](std::uint64_t hash) {
    positions_.try_emplace(hash, TextPosition{.line = 0, .column = 0});
  });
}

void SourcePositions::Scan(std::string_view text) { SourceWalk(text, *this).Run(); }

TextPosition SourcePositions::Of(std::string_view pointer) const {
  TextPosition nearest;
  EachPrefix(pointer, [&](std::uint64_t hash) {
    const auto position = positions_.find(hash);
    if (position != positions_.end() && position->second.line != 0) nearest = position->second;
  });
  return nearest;
}

std::uint64_t SourcePositions::Hash(std::string_view pointer) {
  std::uint64_t last = kRootHash;
  EachPrefix(pointer, [&last](std::uint64_t hash) { last = hash; });
  return last;
}

}  // namespace towline::asl
