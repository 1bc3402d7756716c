#include "statemachines/jsonata/errors.h"

#include <algorithm>
#include <array>

namespace towline::jsonata {
namespace {

struct CodeMessage {
  std::string_view code;
  std::string_view message;
};

// Sorted by code.
constexpr std::array<CodeMessage, 42> kMessages = {{
    {"D1001", "A number is out of range: {value}"},
    {"D1002", "Only a number can be negated, not {value}"},
    {"D1009", "Two members of the object have the same key: {value}"},
    {"D2014", "A range may have at most 10000000 elements, not {value}"},
    {"D3001", "$string cannot write a number that is not finite"},
    {"D3010", "The second argument of $replace must not be an empty string"},
    {"D3011", "The fourth argument of $replace must not be negative, but is {value}"},
    {"D3012", "The function given to $replace must return a string, but returned {value}"},
    {"D3020", "The third argument of $split must not be negative, but is {value}"},
    {"D3030", "Not a number: {value}"},
    {"D3040", "The third argument of $match must not be negative, but is {value}"},
    {"D3050", "The function given to $reduce must take at least two arguments"},
    {"D3070", "$sort without a function sorts an array of numbers or of strings only"},
    {"D3120", "The text given to $eval is no expression: {value}"},
    {"D3121", "The expression given to $eval failed: {value}"},
    {"D3138", "$single found more than one element"},
    {"D3139", "$single found no element"},
    {"T0410", "Argument {value} of function {token} is not of a type that its signature allows"},
    {"T0411", "The context has no type that argument {value} of function {token} may have"},
    {"T0412", "Argument {value} of function {token} must be an array of {elements}"},
    {"T1003", "The key of an object's member must be a string, not {value}"},
    {"T1005", "{token} is not a function; did you mean ${token}?"},
    {"T1006", "Attempted to invoke a non-function"},
    {"T1007", "{token} is not a function to apply partially; did you mean ${token}?"},
    {"T1008", "What is applied partially is not a function"},
    {"T1010", "The function given to {token} as a matcher does not return a match"},
    {"T2001", "The left side of {token} must be a number, not {value}"},
    {"T2002", "The right side of {token} must be a number, not {value}"},
    {"T2003", "The left side of .. must be an integer, not {value}"},
    {"T2004", "The right side of .. must be an integer, not {value}"},
    {"T2006", "The right side of ~> must be a function, not {value}"},
    {"T2007", "An order-by cannot compare {value} with {other}: they are of different types"},
    {"T2008", "An order-by compares numbers or strings only, not {value}"},
    {"T2009", "{token} cannot compare {value} with {other}: they are of different types"},
    {"T2010", "{token} compares numbers or strings only, not {value}"},
    {"T2011", "What a transformation puts in must be an object, not {value}"},
    {"T2012", "What a transformation deletes must be named by strings, not by {value}"},
    {"T2013", "The name $clone does not stand for a function here, which a transformation needs"},
}};

}  // namespace

std::string_view MessageOf(std::string_view code) {
  const auto* known = std::find_if(kMessages.begin(), kMessages.end(),
                                   [code](const CodeMessage& entry) { return entry.code == code; });
  return known == kMessages.end() ? std::string_view() : known->message;
}

std::string Replaced(std::string text, std::string_view mark, std::string_view replacement) {
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + replacement.size())) {
    text.replace(at, mark.size(), replacement);
  }
  return text;
}

}  // namespace towline::jsonata
