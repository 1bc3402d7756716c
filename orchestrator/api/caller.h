#pragma once

#include <string>
#include <string_view>

#include "statemachines/base/time.h"

namespace towline::api {

// Who calls: what a door has seen, never what the caller says of itself.
struct Caller {
  enum class Kind {
    kNobody,  // came over TLS and showed nothing
    kLocal,   // came over loopback without TLS: whoever is on this machine
    kUser,    // showed a certificate of our authority for a user
    kOther,   // showed one for somebody else, such as a worker
  };
  Kind kind = Kind::kNobody;
  std::string name{};    // the certificate's common name
  Timestamp until{};     // of a certificate
  std::string bearer{};  // a token's secret that it has sent along; who it proves is not known yet
  std::string peer{};    // where it calls from: "ipv4:10.1.2.3:50122"
  std::string proof{};   // how we know: "certificate", "token ID", "local"
};

// Who asks, and for which tenant: what every use case begins with.
struct Asker {
  std::string_view tenant{};  // as said; empty: not at all
  Caller caller{};
};

}  // namespace towline::api
