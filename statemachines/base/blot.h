#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/json.h"

namespace towline {

// Takes secrets out of texts, such as what a job says that was given some. A secret is found as it
// is, line by line, without the word that names its scheme ("Bearer …"), inside JSON text,
// percent-encoded and in base64 at any offset; who is bent on telling can of course write it in
// other ways. Without secrets every call costs nothing. Any thread may read it.
class Blot {
 public:
  static constexpr std::size_t kSecretBytesMin = 4;  // shorter texts are everywhere

  // CHECKs that it is not shorter than that.
  void Add(std::string_view secret);
  bool empty() const { return forms_.empty(); }
  bool Finds(std::string_view text) const;

  // With "***" in place of every secret.
  std::string operator()(std::string text) const;
  // Of a text that was cut out of a longer one: also the pieces of four bytes and more that a cut
  // has left of a secret at either end.
  std::string Excerpt(std::string text) const;
  // Of a JSON text: in its strings and names; a number that holds one becomes the string "***".
  std::string InJson(std::string json_text) const;
  bool InValue(json::value& value) const;  // the same; true: something has changed
  // How many bytes at the end of `text` may be the beginning of a secret. Who passes a stream on
  // keeps them back until more has come.
  std::size_t Unfinished(std::string_view text) const;

 private:
  void AddForm(std::string form);

  std::vector<std::string> forms_;  // longest first: one may hold another
};

}  // namespace towline
