#include "worker/handlers/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace towline::handlers {
namespace {

constexpr int kTriesMax = 16;  // the kernel asks for another try when something was moved meanwhile

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

Error FileError(const std::string& path, int number) {
  const std::string what = "'" + path + "': " + std::generic_category().message(number);
  if (number == ENOENT || number == ENOTDIR) return {Error::Code::kNotFound, what};
  if (number == EXDEV || number == ELOOP) {
    return {Error::Code::kPermissionDenied, "'" + path + "' leads out of its root"};
  }
  if (number == ENOSYS) return {Error::Code::kInternal, "files need Linux 5.6 or later"};
  return {Error::Code::kInternal, what};
}

Result<Fd> OpenBeneath(const std::string& root, const std::string& path, int flags) {
  const Fd folder(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return Error{Error::Code::kInternal, FileError(root, errno).message};
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int i = 0; i < kTriesMax; i++) {
    const long fd = syscall(SYS_openat2, folder.get(), path.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return FileError(path, errno);
}

}  // namespace towline::handlers
