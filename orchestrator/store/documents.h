#pragma once

// The documents of one stored message, each written once however many fields mention it.
//
// A reference is the document's position from 1. Identity survives: fields that shared a document
// share it again when they come back, and a part of an earlier document (Json::Part) comes back
// as a part of it.

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "statemachines/base/json.h"

namespace towline::store {

using DocumentField = google::protobuf::RepeatedPtrField<std::string>;

// `out` and every document added must outlive it.
class DocumentWriter {
 public:
  explicit DocumentWriter(DocumentField& out) : out_(out) {}

  // 0 for null.
  std::uint32_t Ref(const Json& document);
  // Never 0: for optional fields, where null is not nothing.
  std::uint32_t Add(const Json& document);

 private:
  std::uint32_t Find(const json::value* document) const;
  bool AddPart(const Json& document);

  DocumentField& out_;
  std::vector<const json::value*> written_;
  std::unordered_map<const json::value*, std::uint32_t> index_;  // once there are many
  std::size_t walk_budget_ = 4096;  // nodes that may be looked at in search of wholes
};

class DocumentReader {
 public:
  // Throws StoreError when one of them is damaged.
  explicit DocumentReader(const DocumentField& documents);
  // Throws StoreError when there is no such document.
  Json Get(std::uint32_t reference) const;

 private:
  std::vector<Json> documents_;
};

}  // namespace towline::store
