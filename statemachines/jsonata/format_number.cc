#include "statemachines/jsonata/format_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "statemachines/base/check.h"
#include "statemachines/jsonata/number_picture.h"
#include "statemachines/jsonata/numbers.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

std::string Fixed(double number, std::size_t places) {
  std::string text(places + 330, '\0');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::fixed, static_cast<int>(places));
  CHECK(end.ec == std::errc());
  text.resize(static_cast<std::size_t>(end.ptr - text.data()));
  return text;
}

// Adds one to the last digit.
void Increment(std::string& decimal) {
  for (auto c = decimal.rbegin(); c != decimal.rend(); ++c) {
    if (*c == '.') continue;
    if (*c != '9') {
      ++*c;
      return;
    }
    *c = '0';
  }
  decimal.insert(0, 1, '1');
}

// |number|, which was rounded to `places` digits after the point, with that many, in the format's
// digits.
std::u16string Digits(double number, std::size_t places, const DecimalFormat& format) {
  number = std::abs(number);
  std::string text = Fixed(number, places);
  if (number * std::pow(10, places) >= 1e15) {
    // So large that the nearest double may be a tie all the same, which goes up here and to even
    // in to_chars. Sixty digits tell it from what is merely near one.
    constexpr std::size_t kMore = 60;
    const std::string longer = Fixed(number, places + kMore);
    const std::string_view dropped = std::string_view(longer).substr(longer.size() - kMore);
    if (dropped[0] == '5' && dropped.find_first_not_of('0', 1) == std::string_view::npos) {
      text = longer.substr(0, longer.size() - kMore);
      Increment(text);
    }
  }
  std::u16string digits;
  const char16_t zero = format.zero_digit[0];
  for (const char c : text) {
    digits += c == '.' ? u'.' : static_cast<char16_t>(zero + (c - '0'));
  }
  return digits;
}

// Inserts before the unit at `at`; a negative one counts from the end, as JavaScript's slice() has
// it: with separators at irregular places the reference gets there when a number is short.
void InsertAt(std::u16string& text, std::ptrdiff_t at, std::u16string_view inserted) {
  const auto size = static_cast<std::ptrdiff_t>(text.size());
  if (at < 0) at = std::max<std::ptrdiff_t>(0, size + at);
  text.insert(static_cast<std::size_t>(std::min(at, size)), inserted);
}

class Formatter {
 public:
  Formatter(const NumberPicture& picture, const DecimalFormat& format)
      : picture_(picture), format_(format), zero_(Digits(0, 0, format)) {}

  std::u16string Format(double number) {
    if (picture_.text.find(format_.percent) != std::u16string::npos) {
      number *= 100;
    } else if (picture_.text.find(format_.per_mille) != std::u16string::npos) {
      number *= 1000;
    }
    if (!std::isfinite(number)) return picture_.prefix + format_.infinity + picture_.suffix;
    const int exponent = picture_.exponent_digits_min > 0 ? TakeExponent(number) : 0;
    Mantissa(Round(number, static_cast<int>(picture_.fraction_digits_max)));
    GroupInteger();
    GroupFraction();
    const bool no_fraction = text_.find(format_.decimal_separator) == text_.size() - 1;
    if (no_fraction || picture_.text.find(format_.decimal_separator) == std::u16string::npos) {
      if (!text_.empty()) text_.pop_back();
    }
    if (picture_.exponent_digits_min > 0) Exponent(exponent);
    return picture_.prefix + text_ + picture_.suffix;
  }

 private:
  // Leaves as many digits before the point as the picture asks for, and returns the power of ten
  // by which the number is then to be multiplied.
  int TakeExponent(double& number) const {
    const double max = std::pow(10, picture_.scaling);
    const double min = std::pow(10, picture_.scaling - 1);
    int exponent = 0;
    for (; number != 0 && std::abs(number) < min; exponent--) number *= 10;
    for (; std::abs(number) > max; exponent++) number /= 10;
    return exponent;
  }

  std::ptrdiff_t Point() const {
    return static_cast<std::ptrdiff_t>(text_.find(format_.decimal_separator));
  }

  void Mantissa(double number) {
    text_ = Digits(number, picture_.fraction_digits_max, format_);
    const std::size_t point = text_.find(u'.');
    if (point == std::u16string::npos) {
      text_ += format_.decimal_separator;
    } else {
      text_.replace(point, 1, format_.decimal_separator);
    }
    text_.erase(0, std::min(text_.find_first_not_of(zero_), text_.size()));
    text_.erase(text_.find_last_not_of(zero_) + 1);
    const auto integer = static_cast<std::size_t>(Point());
    if (integer < picture_.integer_digits_min) {
      text_.insert(0, picture_.integer_digits_min - integer, zero_[0]);
    }
    const std::size_t fraction = text_.size() - static_cast<std::size_t>(Point()) - 1;
    if (fraction < picture_.fraction_digits_min) {
      text_.append(picture_.fraction_digits_min - fraction, zero_[0]);
    }
  }

  void GroupInteger() {
    std::ptrdiff_t point = Point();
    if (picture_.regular_grouping > 0) {
      const auto distance = static_cast<std::ptrdiff_t>(picture_.regular_grouping);
      for (std::ptrdiff_t at = point - distance; at > 0; at -= distance) {
        InsertAt(text_, at, format_.grouping_separator);
      }
      return;
    }
    for (const std::size_t group : picture_.integer_groups) {
      InsertAt(text_, point - static_cast<std::ptrdiff_t>(group), format_.grouping_separator);
      point++;
    }
  }

  void GroupFraction() {
    const std::ptrdiff_t point = Point();
    for (const std::size_t group : picture_.fraction_groups) {
      InsertAt(text_, point + 1 + static_cast<std::ptrdiff_t>(group), format_.grouping_separator);
    }
  }

  void Exponent(int exponent) {
    std::u16string digits = Digits(exponent, 0, format_);
    if (digits.size() < picture_.exponent_digits_min) {
      digits.insert(0, picture_.exponent_digits_min - digits.size(), zero_[0]);
    }
    text_ += format_.exponent_separator;
    if (exponent < 0) text_ += format_.minus_sign;
    text_ += digits;
  }

  const NumberPicture& picture_;
  const DecimalFormat& format_;
  const std::u16string zero_;
  std::u16string text_;
};

}  // namespace

void DecimalFormat::Set(std::string_view name, std::string_view text) {
  const std::pair<std::string_view, std::u16string*> symbols[] = {
      {"decimal-separator", &decimal_separator},
      {"grouping-separator", &grouping_separator},
      {"exponent-separator", &exponent_separator},
      {"minus-sign", &minus_sign},
      {"percent", &percent},
      {"per-mille", &per_mille},
      {"zero-digit", &zero_digit},
      {"digit", &digit},
      {"pattern-separator", &pattern_separator},
      {"infinity", &infinity},
  };
  for (const auto& [known, symbol] : symbols) {
    // Without a minus sign one can do, without the others a picture has no meaning.
    if (known == name && (!text.empty() || symbol == &minus_sign)) *symbol = ToUtf16(text);
  }
}

std::optional<unsigned> DecimalFormat::ValueOf(char16_t unit) const {
  const char16_t zero = zero_digit[0];
  if (unit < zero || unit > zero + 9) return std::nullopt;
  return static_cast<unsigned>(unit - zero);
}

OrProblem<std::string> FormatNumber(double number, std::string_view picture,
                                    const DecimalFormat& format) {
  OrProblem<std::vector<NumberPicture>> pictures = AnalyseNumberPicture(ToUtf16(picture), format);
  if (!pictures) return pictures.problem();
  if (pictures->size() == 1) {
    pictures->push_back(pictures->front());
    pictures->back().prefix.insert(0, format.minus_sign);
  }
  const NumberPicture& chosen = number >= 0 ? pictures->front() : pictures->back();
  return ToUtf8(Formatter(chosen, format).Format(number));
}

}  // namespace towline::jsonata
