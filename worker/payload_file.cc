#include "worker/payload_file.h"

#include <cerrno>
#include <vector>

#include "statemachines/base/digest.h"

namespace towline::worker {
namespace {

constexpr std::size_t kBlock = 256 << 10;

}  // namespace

std::optional<Reference> Summed(int file, const std::stop_token& stop) {
  Sha256 digest;
  std::vector<char> block(kBlock);
  std::uint64_t size = 0;
  while (!stop.stop_requested()) {
    const ssize_t got = pread(file, block.data(), block.size(), static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return Reference{.sha256 = digest.End(), .size = size};
    digest.Add({block.data(), static_cast<std::size_t>(got)});
    size += static_cast<std::uint64_t>(got);
  }
  errno = ECANCELED;
  return std::nullopt;
}

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace towline::worker
