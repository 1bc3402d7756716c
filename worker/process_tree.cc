#include "worker/process_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace towline::worker {
namespace {

constexpr std::size_t kProcessesMax = 1 << 16;
constexpr int kDepthMax = 4'096;

struct Entry {
  pid_t pid;
  pid_t parent;
};

// The kernel's struct linux_dirent64; the C library's readdir() allocates.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
  char name[1];
};

// The number that a text begins with; 0 when there is none.
pid_t NumberAt(const char* text) {
  pid_t number = 0;
  while (*text >= '0' && *text <= '9') number = number * 10 + (*text++ - '0');
  return number;
}

// "/proc/PID/stat" without an allocation.
void WritePath(char* path, pid_t pid) {
  char digits[16];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + pid % 10);
    pid /= 10;
  } while (pid > 0);
  std::memcpy(path, "/proc/", 6);
  path += 6;
  while (count > 0) *path++ = digits[--count];
  std::memcpy(path, "/stat", 6);
}

// False for what has ended, reaped or not.
bool ReadParent(pid_t pid, pid_t& parent) {
  char text[512];
  WritePath(text, pid);
  const int fd = open(text, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got <= 0) return false;
  text[got] = '\0';
  const char* const name_end = std::strrchr(text, ')');  // the name may hold anything
  if (name_end == nullptr || std::strlen(name_end) < 5) return false;
  parent = NumberAt(name_end + 4);
  return name_end[2] != 'Z' && name_end[2] != 'X';
}

// All living processes, by growing number: so /proc lists them.
std::size_t ListProcesses(Entry* entries) {
  const int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return 0;
  std::size_t count = 0;
  alignas(DirectoryEntry) char names[8 << 10];
  for (;;) {
    const long got = syscall(SYS_getdents64, proc, names, sizeof names);
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      const auto* const each = reinterpret_cast<const DirectoryEntry*>(names + at);
      at += each->size;
      Entry entry{.pid = NumberAt(each->name), .parent = 0};
      if (entry.pid == 0 || count == kProcessesMax) continue;
      if (ReadParent(entry.pid, entry.parent)) entries[count++] = entry;
    }
  }
  close(proc);
  return count;
}

bool Descends(const Entry* entries, std::size_t count, Entry entry, pid_t root) {
  for (int depth = 0; depth < kDepthMax && entry.parent > 0; depth++) {
    if (entry.parent == root) return true;
    const Entry* const end = entries + count;
    const Entry* const above = std::lower_bound(
        entries, end, entry.parent, [](const Entry& each, pid_t pid) { return each.pid < pid; });
    if (above == end || above->pid != entry.parent) return false;
    entry = *above;
  }
  return false;
}

}  // namespace

int SignalDescendants(pid_t root, int signal) {
  constexpr std::size_t kBytes = kProcessesMax * sizeof(Entry);  // only what is used is touched
  void* const memory =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 0;
  auto* const entries = static_cast<Entry*>(memory);
  const std::size_t count = ListProcesses(entries);
  int seen = 0;
  for (std::size_t i = 0; i < count; i++) {
    if (!Descends(entries, count, entries[i], root)) continue;
    seen++;
    if (signal != 0) kill(entries[i].pid, signal);
    if (signal == SIGTERM) kill(entries[i].pid, SIGCONT);
  }
  munmap(memory, kBytes);
  return seen;
}

pid_t ParentOf(pid_t pid) {
  pid_t parent = 0;
  return ReadParent(pid, parent) ? parent : 0;
}

}  // namespace towline::worker
