#include "orchestrator/store/documents.h"

#include "orchestrator/store/packed_json.h"
#include "orchestrator/store/store.h"

namespace towline::store {
namespace {

// A document that begins so is a part of an earlier one: its reference, the number of the node.
constexpr char kPartTag = 0x0F;
constexpr std::size_t kLinearMax = 16;
// Shorter than any reference to a part would be worth.
bool Tiny(const json::value& value) {
  return !value.is_structured() && !(value.is_string() && value.get_string().size() > 8);
}

}  // namespace

std::uint32_t DocumentWriter::Ref(const Json& document) {
  return document->is_null() ? 0 : Add(document);
}

std::uint32_t DocumentWriter::Find(const json::value* document) const {
  if (written_.size() > kLinearMax) {
    const auto found = index_.find(document);
    return found == index_.end() ? 0 : found->second;
  }
  for (std::size_t i = 0; i < written_.size(); i++) {
    if (written_[i] == document) return static_cast<std::uint32_t>(i + 1);
  }
  return 0;
}

bool DocumentWriter::AddPart(const Json& document) {
  if (Tiny(*document)) return false;
  for (std::size_t whole = 0; whole < written_.size() && walk_budget_ > 0; whole++) {
    if (!written_[whole]->is_structured()) continue;
    PreorderWalk walk(*written_[whole]);
    for (std::uint64_t node = 0; walk_budget_ > 0; node++, walk_budget_--) {
      const json::value* part = walk.Next();
      if (part == nullptr) break;
      if (part != &*document) continue;
      std::string& bytes = *out_.Add();
      bytes.push_back(kPartTag);
      AppendVarint(bytes, whole + 1);
      AppendVarint(bytes, node);
      return true;
    }
  }
  return false;
}

std::uint32_t DocumentWriter::Add(const Json& document) {
  if (const std::uint32_t found = Find(&*document)) return found;
  if (!AddPart(document)) AppendPacked(*out_.Add(), *document);
  written_.push_back(&*document);
  const auto reference = static_cast<std::uint32_t>(written_.size());
  if (written_.size() == kLinearMax + 1) {
    for (std::size_t i = 0; i < written_.size(); i++) {
      index_.emplace(written_[i], static_cast<std::uint32_t>(i + 1));
    }
  } else if (written_.size() > kLinearMax) {
    index_.emplace(&*document, reference);
  }
  return reference;
}

DocumentReader::DocumentReader(const DocumentField& documents) {
  documents_.reserve(static_cast<std::size_t>(documents.size()));
  for (const std::string& bytes : documents) {
    if (bytes.empty() || bytes.front() != kPartTag) {
      documents_.emplace_back(ReadPacked(bytes));
      continue;
    }
    std::string_view rest = std::string_view(bytes).substr(1);
    const std::uint64_t reference = TakeVarint(rest);
    std::uint64_t node = TakeVarint(rest);
    if (reference == 0 || reference > documents_.size()) {
      throw StoreError("a stored document is damaged: it is part of one that is not there");
    }
    const Json& whole = documents_[reference - 1];
    PreorderWalk walk(*whole);
    const json::value* part = walk.Next();
    for (; part != nullptr && node > 0; node--) part = walk.Next();
    if (part == nullptr) {
      throw StoreError("a stored document is damaged: it is a part that its whole does not have");
    }
    documents_.push_back(Json::Part(whole, *part));
  }
}

Json DocumentReader::Get(std::uint32_t reference) const {
  if (reference == 0) return Json();
  if (reference > documents_.size()) {
    throw StoreError("a stored message is damaged: it mentions a document that is not there");
  }
  return documents_[reference - 1];
}

}  // namespace towline::store
