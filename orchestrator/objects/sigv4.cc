#include "orchestrator/objects/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "statemachines/base/check.h"
#include "statemachines/base/digest.h"

namespace towline::objects {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kDateHeader = "x-amz-date";
constexpr std::size_t kDayChars = 8;  // of SigningTime

std::string Hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

// Without blanks around it, and one where there are several.
std::string TrimmedValue(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) { return HexDigest("SHA-256", bytes).value(); }

std::string SigningTime(Timestamp now) {
  std::string text = FormatTimestamp(now);  // 2013-05-24T00:00:00.000Z
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }),
             text.end());
  return text.substr(0, text.find('.')) + "Z";
}

std::string UriEncode(std::string_view text, bool slashes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved || (c == '/' && !slashes)) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4U];
      out += kDigits[static_cast<unsigned char>(c) & 15U];
    }
  }
  return out;
}

std::string CanonicalQuery(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(UriEncode(name, true), UriEncode(value, true));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string Authorization(const SigningRequest& request, const Credentials& credentials,
                          const SigningScope& scope) {
  std::string names;
  std::string headers;
  for (const auto& [name, value] : request.headers) {
    names += (names.empty() ? "" : ";") + name;
    headers += name + ":" + TrimmedValue(value) + "\n";
  }
  const std::string canonical = request.method + "\n" + request.path + "\n" +
                                CanonicalQuery(request.query) + "\n" + headers + "\n" + names +
                                "\n" + request.payload_hash;
  const std::string& time = request.headers.at(std::string(kDateHeader));
  const std::string day = time.substr(0, kDayChars);
  const std::string range = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string to_sign =
      std::string(kAlgorithm) + "\n" + time + "\n" + range + "\n" + Sha256Hex(canonical);
  std::string key = Hmac("AWS4" + credentials.secret_access_key, day);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    key = Hmac(key, part);
  }
  const std::string signature = Hmac(key, to_sign);
  return std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" + range +
         ",SignedHeaders=" + names + ",Signature=" +
         Hex(reinterpret_cast<const unsigned char*>(signature.data()), signature.size());
}

}  // namespace towline::objects
