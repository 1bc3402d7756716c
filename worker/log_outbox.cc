#include "worker/log_outbox.h"

#include <algorithm>

namespace towline::worker {
namespace {

constexpr std::size_t kPieceBytesMax = 8 << 10;
constexpr std::size_t kProbeBytesMax = 4 << 10;  // of a repetition: there may be nobody
constexpr std::size_t kJobsMax = 20'000;
// What an event costs besides its text, for the bounds.
constexpr std::size_t kFrameBytes = 160;

// How much of a text is its first piece: up to the end of a line, else of a character.
std::size_t PieceOf(std::string_view text) {
  if (text.size() <= kPieceBytesMax) return text.size();
  const std::size_t line = text.rfind('\n', kPieceBytesMax - 1);
  if (line != std::string_view::npos) return line + 1;
  std::size_t end = kPieceBytesMax;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) end--;
  return end;
}

}  // namespace

bool LogOutbox::HasUnsent(const JobLog& job) {
  const bool text = !job.pieces.empty() && job.pieces.back().end() > job.sent;
  return text || (job.ended && !job.end_sent);
}

std::size_t LogOutbox::Flight(const JobLog& job) {
  std::size_t bytes = 0;
  if (job.repeat_at == Timestamp{}) return bytes;
  for (const Piece& piece : job.pieces) {
    if (piece.offset >= job.sent) break;
    bytes += piece.text.size();
  }
  return bytes;
}

// Joins the last piece where that has not left and is of the same stream.
void LogOutbox::Put(std::deque<Piece>& pieces, Piece piece, std::int64_t sent) {
  const bool joins = !pieces.empty() && pieces.back().stream == piece.stream &&
                     pieces.back().offset >= sent && pieces.back().end() == piece.offset &&
                     pieces.back().text.size() + piece.text.size() <= kPieceBytesMax;
  if (joins) {
    pieces.back().text += piece.text;
  } else {
    pieces.push_back(std::move(piece));
  }
}

// Takes `bytes` away, up to the end of a line or of the first piece. How many that came to.
std::size_t LogOutbox::DropFront(std::deque<Piece>& pieces, std::size_t bytes) {
  Piece& piece = pieces.front();
  const std::size_t line = piece.text.find('\n', bytes - 1);
  std::size_t gone = line == std::string::npos ? piece.text.size() : line + 1;
  gone = std::min(gone, piece.text.size());
  if (gone == piece.text.size()) {
    pieces.pop_front();
  } else {
    piece.text.erase(0, gone);
    piece.offset += static_cast<std::int64_t>(gone);
  }
  return gone;
}

void LogOutbox::Add(JobId id, const std::string& token, std::uint32_t attempt,
                    std::string_view stream, std::string text, std::size_t bytes_max,
                    Timestamp now) {
  if (text.empty()) return;
  if (jobs_.count(id) == 0) {
    if (jobs_.size() >= kJobsMax) Erase(jobs_.begin()->first);
    jobs_[id] = {.token = token,
                 .attempt = attempt,
                 .head_left = bytes_max / 4 * 3,
                 .tail_max = bytes_max - bytes_max / 4 * 3};
    by_token_[token].push_back(id);
  }
  JobLog& job = jobs_[id];
  while (!text.empty()) {
    AddPiece(job, stream, text.substr(0, PieceOf(text)), now);
    text.erase(0, PieceOf(text));
  }
  DropOldest();
}

void LogOutbox::AddPiece(JobLog& job, std::string_view stream, std::string text, Timestamp now) {
  if (text.size() > job.head_left && job.head_left > 0) {  // the head ends with a whole line
    const std::size_t line = text.rfind('\n', job.head_left - 1);
    if (line != std::string::npos) {
      AddPiece(job, stream, text.substr(0, line + 1), now);
      text.erase(0, line + 1);
    }
    job.head_left = 0;
  }
  const std::size_t size = text.size();
  Piece piece{
      .stream = std::string(stream), .offset = job.written, .text = std::move(text), .since = now};
  job.written += static_cast<std::int64_t>(size);
  bytes_ += size;
  if (size <= job.head_left) {
    job.head_left -= size;
    if (!HasUnsent(job)) job.due = now + limits_.linger;
    Put(job.pieces, std::move(piece), job.sent);
  } else {
    job.tail_bytes += size;
    Put(job.tail, std::move(piece), job.sent);
    while (job.tail_bytes > job.tail_max) {
      const std::size_t gone = DropFront(job.tail, job.tail_bytes - job.tail_max);
      job.tail_bytes -= gone;
      bytes_ -= gone;
      counters_.dropped_bytes += gone;
    }
  }
}

// Of the job that began first what it printed first.
void LogOutbox::DropOldest() {
  for (auto each = jobs_.begin(); bytes_ > limits_.buffer_bytes_max && each != jobs_.end();
       ++each) {
    JobLog& job = each->second;
    for (auto* const pieces : {&job.pieces, &job.tail}) {
      while (bytes_ > limits_.buffer_bytes_max && !pieces->empty()) {
        const std::size_t gone = pieces->front().text.size();
        bytes_ -= gone;
        counters_.dropped_bytes += gone;
        if (pieces == &job.tail) job.tail_bytes -= gone;
        pieces->pop_front();
      }
    }
  }
}

void LogOutbox::End(JobId id, Timestamp now) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || found->second.ended) return;
  JobLog& job = found->second;
  job.ended = true;
  job.due = now;
  for (Piece& piece : job.tail) job.pieces.push_back(std::move(piece));
  job.tail.clear();
  job.tail_bytes = 0;
}

void LogOutbox::OnAck(const jobs::Control::LogAck& ack) {
  const auto named = by_token_.find(ack.token);
  if (named == by_token_.end()) return;
  for (const JobId id : named->second) {
    JobLog& job = jobs_.at(id);
    if (job.attempt != ack.attempt) continue;
    if (ack.refused) return Erase(id);
    const std::int64_t offset = std::min(ack.offset, job.sent);
    job.taken = std::max(job.taken, offset);
    while (!job.pieces.empty() && job.pieces.front().end() <= job.taken) {
      bytes_ -= job.pieces.front().text.size();
      job.pieces.pop_front();
    }
    if (job.taken < job.sent) return;
    job.repeat_at = {};
    job.repeats = 0;
    if (job.end_sent && job.pieces.empty()) Erase(id);
    return;
  }
}

void LogOutbox::SayAgain(Timestamp now) {
  paused_until_ = now;
  for (auto& [id, job] : jobs_) {
    job.sent = job.taken;
    job.end_sent = false;
    job.repeat_at = {};
    job.repeats = 0;
    job.due = std::min(job.due, now);
  }
}

// Returns how many bytes that is.
std::size_t LogOutbox::TakeFrom(JobLog& job, Timestamp now, std::size_t room,
                                std::vector<jobs::WorkerEvent>& events) {
  std::size_t used = 0;
  if (job.repeat_at != Timestamp{}) {  // not acknowledged in time: the same again, in small
    job.sent = job.taken;
    job.end_sent = false;
    job.repeats++;
    room = std::min(room, kProbeBytesMax);
  }
  for (const Piece& piece : job.pieces) {
    if (piece.offset < job.sent) continue;
    const std::size_t size = piece.text.size() + kFrameBytes;
    if (used > 0 && used + size > room) break;
    events.push_back({.kind = jobs::WorkerEvent::Kind::kLog,
                      .token = job.token,
                      .attempt = job.attempt,
                      .stream = piece.stream,
                      .offset = piece.offset,
                      .text = piece.text,
                      .age_ms = (now - piece.since).count()});
    used += size;
    job.sent = piece.end();
  }
  const bool all = job.pieces.empty() || job.sent >= job.pieces.back().end();
  if (all && job.ended) {
    if (used == 0 || job.sent != job.written) {
      events.push_back({.kind = jobs::WorkerEvent::Kind::kLog,
                        .token = job.token,
                        .attempt = job.attempt,
                        .stream = "note",
                        .offset = job.written});
    }
    events.back().end = true;
    job.end_sent = true;
    job.sent = job.written;
  }
  const Millis wait = limits_.repeat * (1 << std::min(job.repeats, 4));
  job.repeat_at = now + std::min(wait, limits_.repeat_max);
  return used + kFrameBytes;
}

std::vector<jobs::WorkerEvent> LogOutbox::Take(Timestamp now) {
  std::vector<jobs::WorkerEvent> events;
  if (jobs_.empty() || now < paused_until_) return events;
  std::size_t room = limits_.flight_bytes_max;
  for (const auto& [id, job] : jobs_) {
    if (now < job.repeat_at) room -= std::min(room, Flight(job));
  }
  const auto serve = [&](auto from, auto to) {
    for (auto each = from; each != to && room >= kProbeBytesMax; ++each) {
      JobLog& job = each->second;
      const bool repeats = job.repeat_at != Timestamp{};
      if (repeats ? now < job.repeat_at : !HasUnsent(job) || now < job.due) continue;
      room -= std::min(room, TakeFrom(job, now, std::min(room, limits_.job_bytes_max), events));
      last_ = each->first;
    }
  };
  const auto after = jobs_.upper_bound(last_);
  serve(after, jobs_.end());
  serve(jobs_.begin(), after);
  if (!events.empty()) paused_until_ = now + limits_.pause;
  return events;
}

Timestamp LogOutbox::Next() const {
  Timestamp next = Timestamp::max();
  std::size_t flight = 0;
  for (const auto& [id, job] : jobs_) flight += Flight(job);
  const bool full = flight + kProbeBytesMax > limits_.flight_bytes_max;
  for (const auto& [id, job] : jobs_) {
    if (job.repeat_at != Timestamp{}) {
      next = std::min(next, job.repeat_at);
    } else if (HasUnsent(job) && !full) {
      next = std::min(next, job.due);
    }
  }
  return next == Timestamp::max() ? next : std::max(next, paused_until_);
}

void LogOutbox::Erase(JobId id) {
  JobLog& job = jobs_.at(id);
  for (const Piece& piece : job.pieces) bytes_ -= piece.text.size();
  for (const Piece& piece : job.tail) bytes_ -= piece.text.size();
  std::vector<JobId>& ids = by_token_[job.token];
  ids.erase(std::find(ids.begin(), ids.end(), id));
  if (ids.empty()) by_token_.erase(job.token);
  jobs_.erase(id);
}

}  // namespace towline::worker
