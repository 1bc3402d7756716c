#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::jobs {

// What a worker needs to enrol, in one word: towline1/HOST:PORT/AUTHORITY/ID.SECRET
struct Invitation {
  std::string door{};       // "HOST:PORT" of the server's HTTPS door
  std::string authority{};  // SHA-256 of the server's authority file, lower-case hex
  std::string secret{};     // "ID.SECRET"
};

// How far an agent's clock may be off when it enrols: a certificate is good from a day before it is
// made.
inline constexpr std::chrono::hours kClockSkewMax{23};

std::string Encode(const Invitation& invitation);
// Error: one line for whoever has pasted it.
Result<Invitation> DecodeInvitation(std::string_view text);

}  // namespace towline::jobs
