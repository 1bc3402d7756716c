#pragma once

#include <string>

namespace towline::api {

// Who calls: what a door has verified, never what the caller says of itself.
struct Caller {
  enum class Kind {
    kNobody,  // came over TLS and showed nothing
    kLocal,   // came over loopback without TLS: whoever is on this machine
    kUser,    // showed a certificate of our authority for a user
    kOther,   // showed one for somebody else, such as a worker
  };
  Kind kind = Kind::kNobody;
  std::string name{};  // the certificate's common name
};

}  // namespace towline::api
