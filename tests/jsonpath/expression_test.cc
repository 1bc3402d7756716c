#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <set>

#include "tests/jsonpath/scope.h"

namespace towline::jsonpath {
namespace {

std::string Got(std::string_view expression, std::string_view input = "{}") {
  World world(input);
  const auto parsed = Expression::Parse(expression);
  return parsed ? Shown(parsed->Evaluate(world.scope())) : "refused: " + parsed.error().message;
}

// What went wrong at run time, without the words around it.
std::string Problem(std::string_view expression, std::string_view input = "{}") {
  const std::string got = Got(expression, input);
  constexpr std::string_view kWords = "had the following error: ";
  const std::size_t at = got.rfind(kWords);
  return at == std::string::npos ? got : got.substr(at + kWords.size());
}

EvalError::Kind KindOf(std::string_view expression, std::string_view input = "{}") {
  World world(input);
  const auto result = Expression::Parse(expression)->Evaluate(world.scope());
  EXPECT_FALSE(result) << expression;
  return result.error().kind;
}

TEST(ExpressionTest, IsAPathOrACall) {
  EXPECT_EQ(Got("$.a", R"({"a":1})"), "1");
  EXPECT_EQ(Got("$$.Execution.Name"), "\"e1\"");
  EXPECT_EQ(Got("States.Array()"), "[]");
  World world("{}");
  EXPECT_TRUE(Expression::Parse("$")->Evaluate(world.scope())->SameAs(world.input));
  EXPECT_EQ(Expression::Parse("States.UUID()")->function(), "States.UUID");
  EXPECT_EQ(Expression::Parse("$.a")->function(), std::nullopt);
  EXPECT_EQ(Expression::Parse("States.UUID() ")->text(), "States.UUID() ");
}

TEST(ExpressionTest, ArgumentsOfEveryKind) {
  EXPECT_EQ(Got("States.Array('Foo', 2020, $.a, null, true, false, -1.5e1, $$.Execution.Name, "
                "States.Array(1))",
                R"({"a":{"b":1}})"),
            R"(["Foo",2020,{"b":1},null,true,false,-15,"e1",[1]])");
  EXPECT_EQ(Got("States.Array( $.a[?(@.b == 'x,y)')].c , $['d,e)'],\n$.f.length( ) )",
                R"x({"a":[{"b":"x,y)","c":1}],"d,e)":2,"f":[1,2,3]})x"),
            "[[1],2,3]");
  World world("{}");
  world.variables.Set("v", R"({"n":4})");
  EXPECT_EQ(Shown(Expression::Parse("States.MathAdd($v.n, 1)")->Evaluate(world.scope())), "5");
}

TEST(ExpressionTest, InStringsABackslashShieldsFourCharacters) {
  EXPECT_EQ(Got(R"(States.Array('it\'s \\ \{\}', '{"a": 1}', ''))"),
            R"(["it's \\ {}","{\"a\": 1}",""])");
  EXPECT_EQ(Got("States.Array('\n')"), R"(["\n"])");
  // Recorded from AWS: refused when the definition is created.
  EXPECT_EQ(Got(R"(States.StringToJson('{"text":"An \"escaped double quote\" here"}'))"),
            "refused: in a string a backslash may only stand before ' { } \\");
  EXPECT_EQ(Got(R"(States.Format('He said, \"Hello, {}!\"', 'Test \"Name\" Here'))").substr(0, 8),
            "refused:");
  EXPECT_EQ(Got(R"(States.Array('\n'))").substr(0, 8), "refused:");
}

TEST(ExpressionTest, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(Got(""), "refused: it must start with '$' or 'States.'");
  EXPECT_EQ(Got(" States.UUID()"), "refused: it must start with '$' or 'States.'");
  EXPECT_EQ(Got("States.Xyz($.result)"), "refused: there is no intrinsic function States.Xyz");
  EXPECT_EQ(Got("States.uuid()"), "refused: there is no intrinsic function States.uuid");
  EXPECT_EQ(Got("States.UUID"), "refused: a call needs parentheses");
  EXPECT_EQ(Got("States.UUID() x"), "refused: unexpected text after the call");
  EXPECT_EQ(Got("States.UUID(1)"), "refused: States.UUID does not take 1 arguments");
  EXPECT_EQ(Got("States.Format()"), "refused: States.Format does not take 0 arguments");
  EXPECT_EQ(Got("States.MathRandom(1)"), "refused: States.MathRandom does not take 1 arguments");
  EXPECT_EQ(Got("States.MathRandom(1,2,3,4)"),
            "refused: States.MathRandom does not take 4 arguments");
  EXPECT_EQ(Got("States.MathAdd(1,'-1')"),
            "refused: argument 2 of States.MathAdd must be a number");
  EXPECT_EQ(Got("States.ArrayLength('x')"),
            "refused: argument 1 of States.ArrayLength must be an array");
  EXPECT_EQ(Got("States.JsonMerge($.a,$.b,true)"),
            "refused: the third argument of States.JsonMerge must be false: it merges shallowly");
  EXPECT_EQ(Got("States.Format('{} {}', 1)"),
            "refused: the template of States.Format has 2 places {} for 1 values");
  EXPECT_EQ(Got("States.Array(\"a\")"),
            "refused: '\"a\"' is no argument: strings take single quotes");
  EXPECT_EQ(Got("States.Array(a)"), "refused: 'a' is no argument: strings take single quotes");
  EXPECT_EQ(Got("States.Array(,)"), "refused: '' is no argument: strings take single quotes");
  EXPECT_EQ(Got("States.Array([1])"), "refused: '[1]' is no argument: strings take single quotes");
  EXPECT_EQ(Got("States.Array('a)"), "refused: a string lacks its closing '");
  EXPECT_EQ(Got("States.Array(1"), "refused: expected ',' or ')' at position 15");
  EXPECT_EQ(Got("States.Array($.a[)"),
            "refused: Invalid path '$.a[)': expected a quoted name, an index, '*' or '?' after '[' "
            "at position 5");
}

TEST(ExpressionTest, CallsNestTenDeep) {
  const auto nested = [](int depth) {
    std::string text = "1";
    for (int i = 0; i < depth; i++) text = "States.Array(" + text + ")";
    return text;
  };
  EXPECT_EQ(Got(nested(10)), "[[[[[[[[[[1]]]]]]]]]]");
  EXPECT_EQ(Got(nested(11)), "refused: calls are nested deeper than 10");
  EXPECT_EQ(Got(nested(1000)), "refused: calls are nested deeper than 10");
}

TEST(ExpressionTest, FailuresUseAwssWords) {
  EXPECT_EQ(Got("States.Array($.nope)", R"({"a":1})"),
            "failed: The function 'States.Array($.nope)' had the following error: The JsonPath "
            "argument for the field '$.nope' could not be found in the input '{\"a\":1}'");
  EXPECT_EQ(KindOf("States.Array($.nope)"), EvalError::Kind::kInvalid);
  EXPECT_EQ(Got("States.Array(States.Hash($.a, 'SHA-256'))", R"({"a":1})"),
            "failed: The function 'States.Hash($.a, 'SHA-256')' had the following error: Argument "
            "1 must be a string, but '$.a' is not");
  EXPECT_EQ(KindOf("States.Array(States.Hash($.a, 'SHA-256'))", R"({"a":1})"),
            EvalError::Kind::kIntrinsic);
}

TEST(ExpressionTest, KnowsWhetherItReadsTheTaskToken) {
  for (const char* text : {"$$.Task.Token", "$$", "$$.Task", "$$['Task']['Token']", "$$..Token",
                           "$$.*", "$$['Task','Map']", "States.Format('{}', $$.Task.Token)",
                           "States.Array(States.JsonToString($$))"}) {
    EXPECT_TRUE(Expression::Parse(text)->uses_task_token()) << text;
  }
  for (const char* text :
       {"$.Task.Token", "$$.Execution", "$$.Task.Other", "States.Array('$$')", "$Task.Token"}) {
    EXPECT_FALSE(Expression::Parse(text)->uses_task_token()) << text;
  }
}

TEST(FormatTest, FillsThePlaces) {
  EXPECT_EQ(Got("States.Format('Hello, {}!', $.n)", R"({"n":"Ann"})"), R"("Hello, Ann!")");
  EXPECT_EQ(Got("States.Format('{}{}', 1, 2)"), R"("12")");
  EXPECT_EQ(Got("States.Format('none')"), R"("none")");
  EXPECT_EQ(Got("States.Format('{} {} {} {}', null, true, 1.10, '')"), R"("null true 1.1 ")");
  EXPECT_EQ(Got(R"(States.Format('\{\} {} \{{}\}', 1, 2))"), R"("{} 1 {2}")");
  EXPECT_EQ(Got(R"(States.Format('{"a": {}}', 1))"), R"("{\"a\": 1}")");
  EXPECT_EQ(Got("States.Format($.t, 1)", R"({"t":"<{}>"})"), R"("<1>")");
  EXPECT_EQ(Got("States.Format('{}', '{}')"), R"("{}")");
}

TEST(FormatTest, PrintsContainersAsJavaDoes) {
  // Recorded: {Id=arn:..., Name=...}
  EXPECT_EQ(Got("States.Format('{}', $)", R"({"a":1,"b":[],"c":["x",null,{"d":true}]})"),
            R"("{a=1, b=[], c=[x, null, {d=true}]}")");
}

TEST(FormatTest, CountsMustAgree) {
  EXPECT_EQ(Problem("States.Format($.t, 1)", R"({"t":"{} {}"})"),
            "The template has 2 places {} for 1 values");
  EXPECT_EQ(Problem("States.Format($.t)", R"({"t":5})"),
            "Argument 1 must be a string, but '$.t' is not");
}

TEST(StringToJsonTest, ParsesAndReadsBlanksAsNull) {
  EXPECT_EQ(Got(R"(States.StringToJson('{"a": [1, 2.0]}'))"), R"({"a":[1,2]})");
  EXPECT_EQ(Got("States.StringToJson('')"), "null");
  EXPECT_EQ(Got("States.StringToJson('  ')"), "null");
  EXPECT_EQ(Problem("States.StringToJson('{a}')"),
            "The string is not valid JSON: invalid JSON: unexpected 'a' at line 1, column 2");
}

TEST(JsonToStringTest, PrintsCompactly) {
  EXPECT_EQ(Got("States.JsonToString($)", R"({"a": [1, "x"]})"), R"("{\"a\":[1,\"x\"]}")");
  EXPECT_EQ(Got("States.JsonToString('x')"), R"("\"x\"")");
  EXPECT_EQ(Got("States.JsonToString(null)"), R"("null")");
}

TEST(ArrayTest, Partition) {
  EXPECT_EQ(Got("States.ArrayPartition($, 4)", "[1,2,3,4,5,6,7,8,9]"), "[[1,2,3,4],[5,6,7,8],[9]]");
  EXPECT_EQ(Got("States.ArrayPartition($, 1.5)", "[1,2,3]"), "[[1,2],[3]]");
  EXPECT_EQ(Got("States.ArrayPartition($, 2147483647)", "[1,2,3]"), "[[1,2,3]]");
  EXPECT_EQ(Got("States.ArrayPartition($, 2)", "[]"), "[]");
  EXPECT_EQ(Problem("States.ArrayPartition($, 0)", "[1]"),
            "The chunk size must be a positive integer");
  EXPECT_EQ(Problem("States.ArrayPartition($, -1)", "[1]"),
            "The chunk size must be a positive integer");
  const std::string large = "[\"" + std::string(300'000, 'x') + "\"]";
  EXPECT_EQ(Problem("States.ArrayPartition($, 1)", large), "The array is larger than 256 KiB");
  EXPECT_EQ(KindOf("States.ArrayPartition($, 1)", large), EvalError::Kind::kTooLarge);
}

TEST(ArrayTest, ContainsComparesDeeply) {
  constexpr std::string_view kInput =
      R"({"a":[1,[1,{"x":2,"y":[]}],null,true],"v":[1,{"y":[],"x":2.0}]})";
  EXPECT_EQ(Got("States.ArrayContains($.a, $.v)", kInput), "true");
  EXPECT_EQ(Got("States.ArrayContains($.a, 1.0)", kInput), "true");
  EXPECT_EQ(Got("States.ArrayContains($.a, '1')", kInput), "false");
  EXPECT_EQ(Got("States.ArrayContains($.a, null)", kInput), "true");
  EXPECT_EQ(Got("States.ArrayContains($.a, false)", kInput), "false");
  EXPECT_EQ(Got("States.ArrayContains($, null)", "[]"), "false");
}

TEST(ArrayTest, Range) {
  EXPECT_EQ(Got("States.ArrayRange(1, 9, 2)"), "[1,3,5,7,9]");
  EXPECT_EQ(Got("States.ArrayRange(0, 10, 3)"), "[0,3,6,9]");
  EXPECT_EQ(Got("States.ArrayRange(1, 9, 9)"), "[1]");
  EXPECT_EQ(Got("States.ArrayRange(5, 1, 1)"), "[]");
  EXPECT_EQ(Got("States.ArrayRange(5, 1, -2)"), "[5,3,1]");
  EXPECT_EQ(Got("States.ArrayRange(1, 5, -2)"), "[]");
  EXPECT_EQ(Got("States.ArrayRange(0.5, 2.4, 1)"), "[1,2]");
  EXPECT_EQ(Got("States.ArrayLength(States.ArrayRange(1, 1000, 1))"), "1000");
  EXPECT_EQ(Problem("States.ArrayRange(0, 1000, 1)"), "The range has more than 1000 elements");
  EXPECT_EQ(KindOf("States.ArrayRange(0, 1000, 1)"), EvalError::Kind::kTooLarge);
  EXPECT_EQ(Problem("States.ArrayRange(1, 2, 0)"), "The step must not be zero");
  EXPECT_EQ(Problem("States.ArrayRange(1, 2, 0.4)"), "The step must not be zero");
  EXPECT_EQ(Problem("States.ArrayRange(1, 9999999999, 1)"),
            "The arguments must be integers of at most 2147483647");
  EXPECT_EQ(Got("States.ArrayRange(-2147483647, 2147483647, 2147483647)"),
            "[-2147483647,0,2147483647]");
}

TEST(ArrayTest, GetItem) {
  EXPECT_EQ(Got("States.ArrayGetItem($, 2)", R"([1,2,{"a":3}])"), R"({"a":3})");
  EXPECT_EQ(Got("States.ArrayGetItem($, 1.0)", "[1,2]"), "2");
  EXPECT_EQ(Problem("States.ArrayGetItem($, 2)", "[1,2]"),
            "The index 2 is out of the bounds of an array of 2 elements");
  EXPECT_EQ(Problem("States.ArrayGetItem($, -1)", "[1,2]"),
            "The index -1 is out of the bounds of an array of 2 elements");
  EXPECT_EQ(Problem("States.ArrayGetItem($, 0.5)", "[1,2]"), "The index must be an integer");
}

TEST(ArrayTest, LengthAndUnique) {
  EXPECT_EQ(Got("States.ArrayLength($)", "[1,[2,3],null]"), "3");
  EXPECT_EQ(Problem("States.ArrayLength($)", "{}"), "Argument 1 must be an array, but '$' is not");
  EXPECT_EQ(
      Got("States.ArrayUnique($)",
          R"([3,1,3.0,"1",1,null,null,true,true,[],[],{"a":1,"b":2},{"b":2.0,"a":1},{"a":1}])"),
      R"([3,1,"1",null,true,[],{"a":1,"b":2},{"a":1}])");
  EXPECT_EQ(Got("States.ArrayUnique($)", "[]"), "[]");
}

TEST(CodeTest, Base64) {
  EXPECT_EQ(Got("States.Base64Encode('Data to encode')"), R"("RGF0YSB0byBlbmNvZGU=")");
  EXPECT_EQ(Got("States.Base64Encode('')"), R"("")");
  EXPECT_EQ(Got("States.Base64Encode('\u20ac')"), R"("4oKs")");
  EXPECT_EQ(Got("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')"), R"("Data to encode")");
  EXPECT_EQ(Got("States.Base64Decode('RGF0YSB0byBlbmNvZGU')"), R"("Data to encode")");
  EXPECT_EQ(Got("States.Base64Decode('')"), R"("")");
  for (const char* text : {"A", "A===", "====", "AB=C", "AB!D", "AB=", "QUJD\n", " QUJD"}) {
    EXPECT_EQ(Problem("States.Base64Decode('" + std::string(text) + "')"),
              "The string is not valid Base64")
        << text;
  }
  EXPECT_EQ(Problem("States.Base64Decode('/w==')"), "The decoded bytes are not a UTF-8 string");
  for (std::size_t size = 0; size < 20; size++) {
    const std::string input = "\"" + std::string(size, 'z') + "\"";
    EXPECT_EQ(Got("States.Base64Decode(States.Base64Encode($))", input), input);
  }
}

TEST(CodeTest, Hash) {
  EXPECT_EQ(Got("States.Hash('Hash this string', 'SHA-256')"),
            R"("1cac63f39fd68d8c531f27b807610fb3d50f0fc3f186995767fb6316e7200a3e")");
  EXPECT_EQ(Got("States.Hash('abc', 'MD5')"), R"("900150983cd24fb0d6963f7d28e17f72")");
  EXPECT_EQ(Got("States.Hash('abc', 'SHA-1')"), R"("a9993e364706816aba3e25717850c26c9cd0d89d")");
  EXPECT_EQ(Got("States.Hash('abc', 'SHA-384')"),
            R"("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed)"
            R"(8086072ba1e7cc2358baeca134c825a7")");
  EXPECT_EQ(Got("States.Hash('abc', 'SHA-512')"),
            R"("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a)"
            R"(2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")");
  EXPECT_EQ(Problem("States.Hash('abc', 'sha256')"),
            "The algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512");
}

TEST(CodeTest, TenThousandCharactersAreTheLimit) {
  const std::string fits = "\"" + std::string(9'999, 'x') + "\u20ac\"";
  const std::string exceeds = "\"" + std::string(10'000, 'x') + "\u20ac\"";
  for (const char* call : {"States.Base64Encode($)", "States.Hash($, 'MD5')"}) {
    EXPECT_EQ(Got(call, fits).substr(0, 7) == "failed:", false) << call;
    EXPECT_EQ(Problem(call, exceeds), "The string has more than 10000 characters");
    EXPECT_EQ(KindOf(call, exceeds), EvalError::Kind::kTooLarge);
  }
  EXPECT_EQ(KindOf("States.Base64Decode($)", "\"" + std::string(10'004, 'A') + "\""),
            EvalError::Kind::kTooLarge);
}

TEST(JsonMergeTest, IsShallowAndTheSecondWins) {
  EXPECT_EQ(Got("States.JsonMerge($.a, $.b, false)",
                R"({"a":{"x":{"p":1},"y":1},"b":{"x":{"q":2},"z":3}})"),
            R"({"x":{"q":2},"y":1,"z":3})");
  EXPECT_EQ(Problem("States.JsonMerge($.a, $.a, $.t)", R"({"a":{},"t":true})"),
            "The third argument must be false: deep merging does not exist");
  EXPECT_EQ(Problem("States.JsonMerge($.a, $.t, false)", R"({"a":{},"t":true})"),
            "Argument 2 must be an object, but '$.t' is not");
}

// Recorded from AWS: halves are rounded toward positive infinity.
TEST(MathAddTest, RoundsAsRecorded) {
  struct Case {
    const char* a;
    const char* b;
    const char* sum;
  };
  for (const Case& one : {Case{"-9", "3", "-6"}, Case{"1.49", "1.5", "3"}, Case{"1.5", "1.51", "4"},
                          Case{"-1.49", "-1.5", "-2"}, Case{"-1.5", "-1.51", "-3"},
                          Case{"1.49", "0", "1"}, Case{"1.49", "-1.49", "0"}, Case{"1.5", "0", "2"},
                          Case{"-1.5", "0", "-1"}, Case{"-1.51", "0", "-2"}, Case{"0.5", "0", "1"},
                          Case{"2.5", "0", "3"}, Case{"-0.5", "0.5", "1"}, Case{"-0.5", "0", "0"},
                          Case{"-2.5", "0", "-2"}, Case{"-3.5", "0", "-3"}}) {
    EXPECT_EQ(Got("States.MathAdd(" + std::string(one.a) + ", " + one.b + ")"), one.sum)
        << one.a << " + " << one.b;
  }
  EXPECT_EQ(Got("States.MathAdd(2147483646, 1)"), "2147483647");
  EXPECT_EQ(Problem("States.MathAdd(2147483647, 1)"),
            "The sum must lie between -2147483647 and 2147483647");
  EXPECT_EQ(Problem("States.MathAdd(1e300, 1)"),
            "The arguments must be integers of at most 2147483647");
  EXPECT_EQ(Problem("States.MathAdd(18446744073709551615, 1)"),
            "The arguments must be integers of at most 2147483647");
}

TEST(MathRandomTest, StaysWithinItsBoundsAndFollowsItsSeed) {
  World world("{}");
  const auto call = *Expression::Parse("States.MathRandom(-3, 2)");
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; i++) seen.insert((*call.Evaluate(world.scope()))->as_int64());
  EXPECT_EQ(seen, (std::set<std::int64_t>{-3, -2, -1, 0, 1}));

  EXPECT_EQ(Got("States.Array(States.MathRandom(0, 1000000), States.MathRandom(0, 1000000))"),
            Got("States.Array(States.MathRandom(0, 1000000), States.MathRandom(0, 1000000))"));
  const std::string own = Got("States.MathRandom(0, 1000000, 42)");
  EXPECT_EQ(own,
            Shown(Expression::Parse("States.MathRandom(0, 1000000, 42)")->Evaluate(world.scope())));
  EXPECT_NE(own, Got("States.MathRandom(0, 1000000, 43)"));
  EXPECT_EQ(Problem("States.MathRandom(2, 2)"), "The start must be less than the end");
  EXPECT_EQ(Got("States.MathRandom(1.5, 2.5)"), "2");
}

TEST(UuidTest, IsAVersionFourThatTheSeedDecides) {
  World world("{}");
  const auto call = *Expression::Parse("States.UUID()");
  std::set<std::string> seen;
  for (int i = 0; i < 100; i++) {
    const std::string uuid = Shown(call.Evaluate(world.scope()));
    ASSERT_EQ(uuid.size(), 38U);
    EXPECT_EQ(uuid[15], '4') << uuid;
    EXPECT_NE(std::string("89ab").find(uuid[20]), std::string::npos) << uuid;
    EXPECT_EQ(uuid[9], '-');
    EXPECT_EQ(uuid[24], '-');
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100U);
  World same("{}");
  EXPECT_EQ(seen.count(Shown(call.Evaluate(same.scope()))), 1U);
}

TEST(StringSplitTest, SplitsAtAnyOfTheCharacters) {
  EXPECT_EQ(Got("States.StringSplit('This.is+a,test=string', '.+,=')"),
            R"(["This","is","a","test","string"])");
  EXPECT_EQ(Got("States.StringSplit(', , ,', ',')"), R"([" "," "])");
  EXPECT_EQ(Got("States.StringSplit(',,,,', ',')"), "[]");
  EXPECT_EQ(Got("States.StringSplit('', ',')"), "[]");
  EXPECT_EQ(Got("States.StringSplit('abc', '')"), R"(["abc"])");
  EXPECT_EQ(Got("States.StringSplit('split on T and \nnew line', 'T\n')"),
            R"(["split on "," and ","new line"])");
  EXPECT_EQ(Got("States.StringSplit('a\u20acb\u00a0c', '\u20ac')"), "[\"a\",\"b\u00a0c\"]");
}

TEST(BoundsTest, AnEvaluationCannotFillTheMemory) {
  const std::string input = "\"" + std::string(1U << 20U, 'x') + "\"";
  std::string call = "States.Array($";
  for (int i = 0; i < 100; i++) call += ",$";
  EXPECT_EQ(KindOf(call + ")", input), EvalError::Kind::kTooLarge);
  // Each JsonToString doubles the backslashes.
  std::string quoting = "$";
  for (int i = 0; i < 9; i++) quoting = "States.JsonToString(" + quoting + ")";
  EXPECT_EQ(
      KindOf(quoting, "\"" + std::string(1U << 17U, 'x') + std::string(1U << 17U, '\\') + "\""),
      EvalError::Kind::kTooLarge);
}

}  // namespace
}  // namespace towline::jsonpath
