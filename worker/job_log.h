#pragma once

// What programs print, on its way into a log: whole lines, valid UTF-8, bounded, and without what
// the site wants kept to itself. Pure.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "statemachines/base/blot.h"
#include "worker/redactor.h"

namespace towline::worker {

// What becomes of the lines of a job type: the site's file decides.
struct LogPolicy {
  enum class Where { kCentral, kLocal, kOff } where = Where::kCentral;
  std::size_t bytes_max = 1 << 20;             // of a job, sent to the centre
  std::shared_ptr<const Redactor> redactor{};  // none: nothing is blotted out
};

// One stream of one job. A line ends with \n, \r or \r\n. A secret may be split over reads, so
// nothing passes before its line is whole; of a longer line than kLineMax only the beginning
// passes, cut so far from where it was looked at that no match of up to kOverlap bytes shows.
class LineCutter {
 public:
  static constexpr std::size_t kLineMax = 16 << 10;
  static constexpr std::size_t kOverlap = 1 << 10;

  // The lines that have become whole, each with \n. `blot` knows the job's own secrets.
  std::string Take(std::string_view bytes, const Redactor* redactor,
                   const Blot* blot = nullptr);
  // The last one, which may have no end.
  std::string Finish(const Redactor* redactor, const Blot* blot = nullptr);

 private:
  void Emit(const Redactor* redactor, const Blot* blot, std::string& out);

  std::string line_;      // at most kLineMax bytes of it
  std::size_t lost_ = 0;  // bytes of it beyond that
  bool after_return_ = false;
};

// The same for the end of a stream that is kept for a cause: its first line is left out where it
// may be a part of one.
std::string RedactTail(std::string_view tail, bool cut, const Redactor& redactor);

}  // namespace towline::worker
