#pragma once

#include <string>
#include <vector>

#include "orchestrator/objects/object_store.h"

namespace towline::objects {

// Everything that a reader gives, or "NAME: MESSAGE" of the error.
inline std::string ContentOf(ObjectStore& store, const ObjectName& name,
                             const GetOptions& options = {}) {
  const auto failed = [](const Error& error) { return error.name + ": " + error.message; };
  const auto reader = store.Get(name, options);
  if (!reader) return failed(reader.error());
  std::string content;
  for (;;) {
    const auto chunk = (*reader)->Next();
    if (!chunk) return failed(chunk.error());
    if (chunk->empty()) return content;
    content += *chunk;
  }
}

inline Result<ObjectInfo> PutContent(ObjectStore& store, const ObjectName& name,
                                     const std::string& content) {
  auto writer = store.Put(name, {});
  if (!writer) return writer.error();
  if (Status written = (*writer)->Write(content); !written) return written.error();
  return (*writer)->Commit();
}

// The keys of a whole listing; an error's name stands behind them.
inline std::vector<std::string> KeysOf(ObjectStore& store, const ListOptions& options) {
  std::vector<std::string> keys;
  const auto listing = store.List(options);
  if (!listing) return {listing.error().name};
  for (;;) {
    const auto page = (*listing)->NextPage();
    if (!page) {
      keys.push_back(page.error().name);
      return keys;
    }
    if (page->empty()) return keys;
    for (const ObjectInfo& info : *page) keys.push_back(info.key);
  }
}

}  // namespace towline::objects
