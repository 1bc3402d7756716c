#pragma once

// Values that are too large for a message: files named by the SHA-256 of their content, in a folder
// for each tenant. A tenant that does not have a blob does not learn whether another has.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "statemachines/base/reference.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::blobs {

class BlobStore {
 public:
  struct Settings {
    std::filesystem::path directory{};  // made when missing
    std::uint64_t tenant_bytes_max = 0;  // unfinished uploads included
  };
  // Throws std::filesystem::filesystem_error when the directory cannot be used.
  explicit BlobStore(Settings settings);

  // An upload under way: bytes are kept as they come, so that it can be resumed where it broke off.
  class Upload {
   public:
    ~Upload();
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;
    std::uint64_t stored() const { return stored_; }
    // Error: the disk refuses.
    Status Append(std::string_view piece);
    // True: it is whole, its content is what its name says, and it is on disk. False: more is to
    // come. Error: it is another content; what was stored is gone.
    Result<bool> Finish();
    const Reference& blob() const { return blob_; }

   private:
    friend class BlobStore;
    Upload(BlobStore& store, std::string tenant, Reference blob, int fd, std::uint64_t stored);
    BlobStore& store_;
    const std::string tenant_;
    const Reference blob_;
    int fd_ = -1;
    std::uint64_t stored_ = 0;
  };
  // Goes on at `offset`. Errors, by name: OffsetMismatch (Stored() tells where to go on), Busy
  // (another connection is at it), QuotaExceeded. Nothing to do where Has().
  Result<std::unique_ptr<Upload>> Begin(const std::string& tenant, const Reference& blob,
                                        std::uint64_t offset);
  // How much of an unfinished one is there.
  std::uint64_t Stored(const std::string& tenant, const std::string& sha256) const;

  // Its size, if it is there and whole.
  std::optional<std::uint64_t> Find(const std::string& tenant, const std::string& sha256) const;
  bool Has(const std::string& tenant, const Reference& blob) const {
    return Find(tenant, blob.sha256) == blob.size;
  }
  // An open file, or -1. The caller closes it.
  int Open(const std::string& tenant, const std::string& sha256) const;
  // Nothing: it is not there, or larger.
  std::optional<std::string> Load(const std::string& tenant, const std::string& sha256,
                                  std::size_t bytes_max) const;
  // Errors: QuotaExceeded, or the disk refuses.
  Result<Reference> Put(const std::string& tenant, std::string_view content);
  // `to` may have what `from` has. False: `from` has it not.
  bool Share(const std::string& from, const std::string& to, const std::string& sha256);

  // Deletes what nobody refers to and nobody has touched for `age`. How many.
  int Sweep(Millis age, const std::function<bool(const std::string& sha256)>& is_referred_to);
  std::uint64_t Used(const std::string& tenant) const;  // bytes

 private:
  std::filesystem::path PathOf(const std::string& tenant, const std::string& sha256) const;
  std::filesystem::path PartOf(const std::string& tenant, const std::string& sha256) const;
  Status Reserve(const std::string& tenant, std::uint64_t bytes);
  void Release(const std::string& tenant, std::uint64_t bytes);

  const Settings settings_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> used_;  // guarded by mutex_; by tenant
};

// What one tenant's references stand for: keeps a little of what it has loaded. One thread.
class TenantReferences final : public References {
 public:
  // Larger contents are not loaded. `store` outlives it.
  TenantReferences(const BlobStore& store, std::string tenant, std::size_t bytes_max)
      : store_(store), tenant_(std::move(tenant)), bytes_max_(bytes_max) {}
  Result<Json> Load(const Reference& reference) const override;

 private:
  const BlobStore& store_;
  const std::string tenant_;
  const std::size_t bytes_max_;
  mutable std::map<Reference, Json> loaded_;
  mutable std::size_t loaded_bytes_ = 0;  // as texts
};

// Calls `visit` with each run of 64 hexadecimal digits in text that mentions "$blob": more than
// there are references perhaps, never fewer.
void ForEachMention(std::string_view text, const std::function<void(std::string_view)>& visit);

}  // namespace towline::blobs
