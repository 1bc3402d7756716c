#pragma once

#include <deque>
#include <vector>

#include "orchestrator/objects/descriptor.h"
#include "orchestrator/objects/local_files.h"

namespace towline::objects {

// Walks a bucket's folders in the byte order of the keys. A folder counts as its name with a slash
// behind it: "a.txt" comes before "a/x". Of one folder no more than a window of names is held at a
// time; it is read again for the next ones, so that a folder of millions of files costs time rather
// than memory.
class LocalListing : public Listing {
 public:
  // `bucket` is the bucket's folder. `window`: names held of one folder, at least 1.
  LocalListing(Descriptor bucket, const ListOptions& options, std::size_t window = 65'536);
  Result<std::vector<ObjectInfo>> NextPage() override;

 private:
  struct Level {
    Descriptor folder{};
    std::string path{};               // of its keys: empty, or ending in a slash
    std::deque<std::string> names{};  // in order; a folder's ends in a slash
    std::string last{};               // the name taken from it last
    bool complete = false;            // no names are left behind these
  };

  Status Fill(Level& level) const;
  bool MayHold(const std::string& path) const;
  Status Visit(const std::string& name, std::vector<ObjectInfo>& page);
  Status Failed(const std::string& path, int code) const;

  const ListOptions options_;
  const std::size_t window_;
  std::vector<Level> levels_;  // from the bucket down to the folder where we are
};

}  // namespace towline::objects
