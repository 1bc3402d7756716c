#include "worker/job_log.h"

#include <algorithm>

#include "proto/jobs/json_text.h"

namespace towline::worker {

void LineCutter::Emit(const Redactor* redactor, const Blot* blot, std::string& out) {
  if (blot != nullptr) {
    line_ = lost_ == 0 ? (*blot)(std::move(line_)) : blot->Excerpt(std::move(line_));
  }
  const std::string text = jobs::ToUtf8(line_);
  std::size_t end = lost_ == 0 ? text.size() : text.size() - std::min(kOverlap, text.size());
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    end--;
  }
  out += redactor == nullptr ? text.substr(0, end) : redactor->Apply(text, end);
  if (lost_ > 0) {
    out += " [line cut: " + std::to_string(text.size() - end + lost_) + " bytes more]";
  }
  out += '\n';
  line_.clear();
  lost_ = 0;
}

std::string LineCutter::Take(std::string_view bytes, const Redactor* redactor,
                             const Blot* blot) {
  std::string out;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    const std::size_t room = kLineMax - line_.size();
    line_.append(part.substr(0, room));
    lost_ += part.size() - std::min(part.size(), room);
    if (!part.empty()) after_return_ = false;
    if (end == std::string_view::npos) break;
    const bool second_half = after_return_ && bytes[end] == '\n' && part.empty();
    after_return_ = bytes[end] == '\r';
    if (!second_half) Emit(redactor, blot, out);
    bytes.remove_prefix(end + 1);
  }
  return out;
}

std::string LineCutter::Finish(const Redactor* redactor, const Blot* blot) {
  std::string out;
  if (!line_.empty()) Emit(redactor, blot, out);
  return out;
}

std::string RedactTail(std::string_view tail, bool cut, const Redactor& redactor) {
  if (cut) {
    const std::size_t first = tail.find_first_of("\r\n");
    tail.remove_prefix(first == std::string_view::npos ? tail.size() : first + 1);
  }
  LineCutter cutter;
  std::string out = cutter.Take(tail, &redactor);
  out += cutter.Finish(&redactor);
  if (!out.empty() && (tail.empty() || tail.back() != '\n')) out.pop_back();
  return out;
}

}  // namespace towline::worker
