#include "statemachines/jsonpath/path.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tests/jsonpath/scope.h"

namespace towline::jsonpath {
namespace {

std::string Got(std::string_view path, std::string_view input) {
  World world(input);
  const auto parsed = Path::Parse(path);
  return parsed ? Shown(parsed->Evaluate(world.scope())) : "refused: " + parsed.error().message;
}

TEST(PathTest, TheRootIsTheInputsOwnHandle) {
  World world(R"({"a":1})");
  EXPECT_TRUE((*Path::Root().Evaluate(world.scope())).SameAs(world.input));
  EXPECT_TRUE(Path::Parse("$")->Evaluate(world.scope())->SameAs(world.input));
  EXPECT_TRUE(Path::Root().is_root());
  EXPECT_FALSE(Path::Parse("$$")->is_root());
}

TEST(PathTest, ADefinitePathIsAPartOfTheInput) {
  World world(R"({"a":{"b":["a string that needs an allocation"]}})");
  const auto part = Path::Parse("$.a.b[0]")->Evaluate(world.scope());
  ASSERT_TRUE(part);
  EXPECT_EQ(&**part, &world.input->at("a").at("b").at(0));
}

TEST(PathTest, MissingPlacesAreNamedAsJaywayNamesThem) {
  EXPECT_EQ(Got("$.x", "{}"), "failed: No results for path: $['x']");
  EXPECT_EQ(Got("$.a.b.c", R"({"a":{"b":{}}})"), "failed: No results for path: $['a']['b']['c']");
  EXPECT_EQ(Got("$.a.b.c", R"({"a":{}})"), "failed: Missing property in path $['a']['b']");
  EXPECT_EQ(Got("$.a.b", R"({"a":1})"),
            "failed: Expected to find an object with property ['b'] in path $['a'] but found "
            "'number'");
  EXPECT_EQ(Got("$.a.b", R"({"a":null})"),
            "failed: Expected to find an object with property ['b'] in path $['a'] but found "
            "'null'");
  EXPECT_EQ(Got("$.a[0]", R"({"a":{}})"),
            "failed: Filter: [0] can only be applied to arrays. The path $['a'] leads to a value "
            "of type 'object'");
  EXPECT_EQ(Got("$.a[0]", R"({"a":null})"), "failed: The path $['a'] is null");
  EXPECT_EQ(Got("$['it\\'s']", "{}"), "failed: No results for path: $['it\\'s']");
}

TEST(PathTest, AMissingPlaceIsToldApartFromOtherFailures) {
  World world(R"({"a":1})");
  EXPECT_EQ(Path::Parse("$.b")->Evaluate(world.scope()).error().kind, EvalError::Kind::kNoResults);
  EXPECT_EQ(Path::Parse("$.a[?(@.b)]")->Evaluate(world.scope()).error().kind,
            EvalError::Kind::kInvalid);
}

// Recorded from AWS.
TEST(PathTest, AnIndefinitePathThatLeadsNowhereIsEmptyUnlessTheScopeSaysOtherwise) {
  for (const char* path : {"$[*]", "$.items[*]", "$.items[1:]", "$.item.items[:1]",
                           "$.items[*].itemValue", "$.item.items[1:5].itemValue"}) {
    EXPECT_EQ(Got(path, "{}"), "[]") << path;
  }
  World world("{}");
  Scope strict = world.scope();
  strict.lenient = false;
  EXPECT_EQ(Shown(Path::Parse("$.items[*]")->Evaluate(strict)),
            "failed: Missing property in path $['items']");
}

TEST(PathTest, PastTheEndIsNullUnlessTheScopeSaysOtherwise) {
  EXPECT_EQ(Got("$.a[5]", R"({"a":[1]})"), "null");
  EXPECT_EQ(Got("$.a[-5]", R"({"a":[1]})"), "null");
  EXPECT_EQ(Got("$.a[0]", R"({"a":[]})"), "null");
  EXPECT_EQ(Got("$.a[0].b", R"({"a":[]})"),
            "failed: Expected to find an object with property ['b'] in path $['a'][0] but found "
            "'null'");
  EXPECT_EQ(Got("$.a[0,5]", R"({"a":[1]})"), "[1]");
  EXPECT_EQ(Got("$.a[*][3]", R"({"a":[[1]]})"), "[]");
  EXPECT_EQ(Got("$.a[3]['x','y']", R"({"a":[1]})"),
            "failed: Expected to find an object with property ['x','y'] in path $['a'][3] but "
            "found 'null'");

  World world(R"({"a":[1]})");
  Scope strict = world.scope();
  strict.lenient = false;
  const auto result = Path::Parse("$.a[5]")->Evaluate(strict);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, EvalError::Kind::kNoResults);
  EXPECT_EQ(result.error().detail, "No results for path: $['a'][5]");
}

TEST(PathTest, ContextAndVariablesAreRootsToo) {
  World world(R"({"a":1})");
  world.variables.Set("order_1", R"({"id":17,"list":[1,2]})");
  const auto got = [&](std::string_view path) {
    return Shown(Path::Parse(path)->Evaluate(world.scope()));
  };
  EXPECT_EQ(got("$$.Execution.Name"), "\"e1\"");
  EXPECT_EQ(got("$$['Execution'].Input.x"), "1");
  EXPECT_EQ(got("$$.Execution.Nope"), "failed: No results for path: $['Execution']['Nope']");
  EXPECT_EQ(got("$order_1.id"), "17");
  EXPECT_EQ(got("$order_1.list[*]"), "[1,2]");
  EXPECT_EQ(got("$order_1"), R"({"id":17,"list":[1,2]})");
  EXPECT_EQ(got("$order_1.x"), "failed: No results for path: $order_1['x']");
  EXPECT_EQ(got("$nope.id"), "failed: The variable $nope is not defined");
  EXPECT_TRUE(Path::Parse("$$.a")->is_context());
  EXPECT_TRUE(Path::Parse("$a")->is_variable());
  EXPECT_FALSE(Path::Parse("$.a")->is_variable());

  const Scope without{.input = world.input, .context = world.context};
  EXPECT_FALSE(Path::Parse("$a")->Evaluate(without));
}

TEST(PathTest, AVariablesNameMayBeAnyLetters) {
  World world("{}");
  world.variables.Set("größe", "3");
  EXPECT_EQ(Shown(Path::Parse("$größe")->Evaluate(world.scope())), "3");
}

TEST(PathTest, IndefinitePathsGiveArrays) {
  EXPECT_EQ(Got("$[*]", R"({"a":1,"b":[2]})"), "[1,[2]]");
  EXPECT_EQ(Got("$.a[*].b", R"({"a":[{"b":1},{},{"b":2},3]})"), "[1,2]");
  EXPECT_EQ(Got("$..b", R"({"a":[{"b":1},{"c":{"b":2}}],"b":3})"), "[3,1,2]");
  EXPECT_EQ(Got("$..[0].b", R"({"a":[{"b":1},{"b":2}]})"), "[1]");
  EXPECT_EQ(Got("$..[1].b", R"({"a":[{"b":1},{"b":2}]})"), "[2]");
  EXPECT_EQ(Got("$..[0,1].b", R"({"a":[{"b":1},{"b":2}]})"), "[]");
  EXPECT_EQ(Got("$.a[1:]", R"({"a":[1,2,3]})"), "[2,3]");
  EXPECT_EQ(Got("$.a[:-1]", R"({"a":[1,2,3]})"), "[1,2]");
  EXPECT_EQ(Got("$.a[-2:]", R"({"a":[1,2,3]})"), "[2,3]");
  EXPECT_EQ(Got("$.a[0:99999999]", R"({"a":[1,2,3]})"), "[1,2,3]");
  EXPECT_EQ(Got("$.a[-2147483648:1]", R"({"a":[1,2]})"), "[1,2,1]");
  EXPECT_EQ(Got("$.a[2,0]", R"({"a":[1,2,3]})"), "[3,1]");
  EXPECT_EQ(Got("$['a','b'].c", R"({"a":{"c":1},"b":{"c":2}})"), "[1,2]");
  EXPECT_EQ(Got("$.a[?(@.n >= 2)].n", R"({"a":[{"n":1},{"n":2},{"n":3}]})"), "[2,3]");
  EXPECT_EQ(Got("$.*", "5"), "[]");
  EXPECT_EQ(Got("$.a[*].b", R"({"a":5})"), "[]");
  EXPECT_EQ(Got("$.a[ 1:2 ]", R"({"a":[1,2,3]})"), "[2]");
  EXPECT_EQ(Got("$..x", "5"), "[]");
  EXPECT_FALSE(Path::Parse("$.a[*]")->is_definite());
  EXPECT_TRUE(Path::Parse("$['a','b']")->is_definite());
  EXPECT_TRUE(Path::Parse("$.a.length()")->is_definite());
}

TEST(PathTest, FunctionsEndAPath) {
  EXPECT_EQ(Got("$.a.length()", R"({"a":[1,2]})"), "2");
  EXPECT_EQ(Got("$.a.size()", R"({"a":{"x":1}})"), "1");
  EXPECT_EQ(Got("$.a.length()", R"({"a":"text"})"), "null");
  EXPECT_EQ(Got("$.a.sum()", R"({"a":[1,2.5,"x"]})"), "3.5");
  EXPECT_EQ(Got("$.a.min()", R"({"a":[3,1]})"), "1");
  EXPECT_EQ(Got("$.a.max()", R"({"a":[3,1]})"), "3");
  EXPECT_EQ(Got("$.a.avg()", R"({"a":[3,2]})"), "2.5");
  EXPECT_EQ(Got("$.a.stddev()", R"({"a":[2,4]})"), "1");
  EXPECT_EQ(Got("$.a.sum($.b)", R"({"a":[1],"b":[10,20]})"), "31");
  EXPECT_EQ(Got("$.a.sum(1, 2)", R"({"a":[1]})"), "4");
  EXPECT_EQ(Got("$..n.max()", R"({"a":{"n":1},"b":{"n":7}})"), "7");
  EXPECT_EQ(Got("$.a.first()", R"({"a":[1,2]})"), "1");
  EXPECT_EQ(Got("$.a.last().b", R"({"a":[1,{"b":"a string that needs an allocation"}]})"),
            "\"a string that needs an allocation\"");
  EXPECT_EQ(Got("$.a.index(-1)", R"({"a":[1,2]})"), "2");
  EXPECT_EQ(Got("$.a.keys()", R"({"a":{"x":1,"y":2}})"), R"(["x","y"])");
  EXPECT_EQ(Got("$.a.append(3, \"x\")", R"({"a":[1]})"), R"([1,3,"x"])");
  EXPECT_EQ(Got("$.a.concat(\"-\", $.b)", R"({"a":["x",1,"y"],"b":"z"})"), "\"xy-z\"");
  EXPECT_EQ(Got("$.a.concat($.b)", R"({"a":[],"b":["x",1,true,null]})"), "\"x1true\"");
  EXPECT_EQ(Got("$..n.length()", R"({"a":{"n":[1,2]},"b":{"n":[3]}})"), "3");
  EXPECT_EQ(Got("$..n.sum(100)", R"({"a":{"n":1},"b":{"n":7}})"), "8");
  EXPECT_EQ(Got("$.a.sum()", R"({"a":[]})"),
            "failed: The function sum() failed: it needs an array with at least one number");
  EXPECT_EQ(Got("$.a.nope()", R"({"a":[]})"), "failed: There is no function nope()");
  EXPECT_EQ(Got("$.a.first()", R"({"a":[]})"),
            "failed: The function first() failed: the array has no such element");
}

TEST(PathTest, BackslashesShieldOperatorsInBareNames) {
  EXPECT_EQ(Got("$.store\\.book", R"({"store.book":1})"), "1");
  EXPECT_EQ(Got("$.\\stor\\e.boo\\k", R"({"store":{"book":1}})"), "1");
  EXPECT_EQ(Got("$.foo\\@bar.baz\\[\\[.\\?pretty", R"({"foo@bar":{"baz[[":{"?pretty":1}}})"), "1");
}

TEST(PathTest, NamesInBracketsMayHoldAnything) {
  EXPECT_EQ(Got("$['a.b']", R"({"a.b":1})"), "1");
  EXPECT_EQ(Got("$[\"it's\"]", R"({"it's":1})"), "1");
  EXPECT_EQ(Got("$['it\\'s']", R"({"it's":1})"), "1");
  // Recorded from AWS: the backslash before the other quote stays.
  EXPECT_EQ(Got(R"($['Test\""Name"'])", R"({"Test\\\"\"Name\"":1})"), "1");
  EXPECT_EQ(Got("$['\\u20ac\\n']", "{\"\u20ac\\n\":1}"), "1");
  EXPECT_EQ(Got("$['\\uD83D\\uDE00']", "{\"\U0001F600\":1}"), "1");
  EXPECT_EQ(Got("$['\\uD83D']", "{\"\uFFFD\":1}"), "1");
  EXPECT_EQ(Got("$['a\\u00']", R"({"a":1})"), "1");
  EXPECT_EQ(Got("$[ 'a' ]", R"({"a":1})"), "1");
  EXPECT_EQ(Got("$.ключ", R"({"ключ":1})"), "1");
}

TEST(PathTest, RefusalsSayWhatIsWrong) {
  const auto refused = [](std::string_view path, std::string_view why) {
    const auto parsed = Path::Parse(path);
    EXPECT_FALSE(parsed) << path;
    if (parsed) return;
    EXPECT_EQ(parsed.error().message,
              "Invalid path '" + std::string(path) + "': " + std::string(why));
  };
  refused("", "it must start with '$'");
  refused("a", "it must start with '$'");
  refused(" $", "it must start with '$'");
  refused("@.a", "it must start with '$'");
  refused("$.", "it must not end with '.' or '..'");
  refused("$..", "it must not end with '.' or '..'");
  refused("$.a.", "it must not end with '.' or '..'");
  refused("$...a", "unexpected '.' at position 4");
  refused("$1", "expected '.' or '[' at position 2");
  refused("$a b", "expected '.' or '[' at position 3");
  refused("$.a b", "a name with blanks needs brackets and quotes, as in ['a b'], at position 4");
  refused("$.a[", "expected a quoted name, an index, '*' or '?' after '[' at position 5");
  refused("$[1", "a ']' is missing");
  refused("$['a'", "expected ',' or ']' after a name at position 6");
  refused("$['a]", "a name lacks its closing '");
  refused("$['a',]", "expected another quoted name after ',' at position 7");
  refused("$['\\u12xy']", "the name has an invalid escape at position 3");
  refused("$[1,,2]", "'1,,2' is not an index");
  refused("$[-]", "'-' is not an index");
  refused("$[9999999999]", "'9999999999' is not an index");
  refused("$[:]", "':' is not a slice");
  refused("$[1:x]", "'1:x' is not a slice");
  refused("$[*", "expected ']' after '[*' at position 4");
  refused("$[?@.a]", "a filter needs parentheses, as in [?(@.a == 1)], at position 4");
  refused("$[?(@.a]", "the parentheses of a filter do not match");
  refused("$[?(@.a)", "expected ']' after a filter at position 9");
  refused("$.a.b(", "the arguments of b() are not closed");
  refused("$.a\\", "it must not end with '\\'");
}

TEST(PathTest, EveryPrefixOfAPathIsHandled) {
  // Goal: a cut-off path never crashes the parser. Method: all prefixes of one that has it all.
  const std::string whole =
      "$['a','b'].c\\.d[0,-1][1:2]..*[?(!(@.x == 'y\\'') && @['z'] =~ /a[b-d]+(e|f){1,2}/i || "
      "@.q in ['r', 1])].length($.a, {\"b\": 1})";
  ASSERT_TRUE(Path::Parse(whole)) << Path::Parse(whole).error().message;
  for (std::size_t size = 0; size < whole.size(); size++) {
    World world(R"({"a":[1,{"c.d":[1,2,3]}],"b":{"c.d":[[1,2],[3,4]]}})");
    const auto path = Path::Parse(whole.substr(0, size));
    if (path) static_cast<void>(path->Evaluate(world.scope()));
  }
}

TEST(PathTest, HostilePathsMeetABound) {
  std::string steps = "$";
  for (int i = 0; i < 100'000; i++) steps += "[?(@)]";
  EXPECT_FALSE(Path::Parse(steps));
  EXPECT_FALSE(
      Path::Parse("$[?(" + std::string(100'000, '(') + "@" + std::string(100'000, ')') + ")]"));
  EXPECT_FALSE(Path::Parse("$[?(" + std::string(100'000, '!') + "(@))]"));
  std::string nested = "@.a";
  for (int i = 0; i < 60; i++) nested = "@[?(" + nested + ")]";
  EXPECT_FALSE(Path::Parse("$[?(" + nested + ")]"));
  // Each of the filters tells what is wrong with it, but not all of its text.
  for (int i = 0; i < 5'000; i++) nested = "@[?(" + nested + ")]";
  const auto refused = Path::Parse("$[?(" + nested + ")]");
  ASSERT_FALSE(refused);
  EXPECT_LT(refused.error().message.size(), 3 * nested.size());

  // Scans of scans of scans multiply; the evaluation stops instead.
  std::string deep(80, '[');
  for (int i = 0; i < 40; i++) deep += "1,";
  deep += "1" + std::string(80, ']');
  World world(deep);
  const auto result = Path::Parse("$..*..*..*..*")->Evaluate(world.scope());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, EvalError::Kind::kTooLarge);
}

TEST(ReferencePathTest, NamesOnePlace) {
  World world(R"({"a":[{"b":1}]})");
  EXPECT_EQ(Shown(ReferencePath::Parse("$.a[0].b")->Evaluate(world.scope())), "1");
  EXPECT_EQ(Shown(ReferencePath::Parse("$$.Execution.Name")->Evaluate(world.scope())), "\"e1\"");
  EXPECT_TRUE(ReferencePath::Parse("$")->is_root());
  EXPECT_TRUE(ReferencePath::Parse("$$.a")->is_context());
  EXPECT_TRUE(ReferencePath::Parse("$v.a")->is_variable());
  for (const char* path :
       {"$.a[*]", "$..a", "$.a[0:1]", "$.a[0,1]", "$['a','b']", "$.a[?(@.b)]", "$.a[-1]",
        "$.a.length()", "$.*", "$.a@b", "$.a:b", "$.a,b", "$.a?", "a", "$."}) {
    EXPECT_FALSE(ReferencePath::Parse(path)) << path;
  }
  EXPECT_EQ(ReferencePath::Parse("$.a[*]").error().message,
            "'$.a[*]' is not a reference path: '[*]' does not name one place; only fields ($.a, "
            "$['a']) and indexes ($.a[0]) may be used");
}

std::string Inserted(std::string_view path, std::string_view document, std::string_view value) {
  return Shown(ReferencePath::Parse(path)->Insert(*ParseJson(document), *ParseJson(value)));
}

TEST(InsertTest, WritesAndMakesWhatIsMissing) {
  EXPECT_EQ(Inserted("$.b", R"({"a":1})", "2"), R"({"a":1,"b":2})");
  EXPECT_EQ(Inserted("$.a", R"({"a":1,"b":3})", "[2]"), R"({"a":[2],"b":3})");
  EXPECT_EQ(Inserted("$.x.y.z", R"({"a":1})", "null"), R"({"a":1,"x":{"y":{"z":null}}})");
  EXPECT_EQ(Inserted("$.x.y", R"({"x":{"a":1}})", "2"), R"({"x":{"a":1,"y":2}})");
  EXPECT_EQ(Inserted("$.a[1]", R"({"a":[1,2]})", "9"), R"({"a":[1,9]})");
  EXPECT_EQ(Inserted("$[0].b", "[{}]", "9"), R"([{"b":9}])");
  EXPECT_EQ(Inserted("$['a.b']['']", "{}", "1"), R"({"a.b":{"":1}})");
}

TEST(InsertTest, TheRootIsTheValueItself) {
  const Json document = *ParseJson("{}");
  const Json value = *ParseJson("[1]");
  EXPECT_TRUE(ReferencePath::Parse("$")->Insert(document, value)->SameAs(value));
}

TEST(InsertTest, LeavesTheDocumentAlone) {
  const Json document = *ParseJson(R"({"a":{"b":1}})");
  ASSERT_TRUE(ReferencePath::Parse("$.a.c")->Insert(document, *ParseJson("2")));
  EXPECT_EQ(PrintJson(*document), R"({"a":{"b":1}})");
}

TEST(InsertTest, FailsWhereAScalarOrAMissingElementStands) {
  EXPECT_EQ(Inserted("$.a.b", R"({"a":1})", "2"),
            R"(failed: Unable to apply ReferencePath $.a.b to input {"a":1})");
  for (const char* path : {"$.a.b", "$.n.b", "$.l[1]", "$.l.x", "$.o[0]", "$.new[0]"}) {
    const auto result = ReferencePath::Parse(path)->Insert(
        *ParseJson(R"({"a":1,"n":null,"l":[0],"o":{}})"), *ParseJson("2"));
    ASSERT_FALSE(result) << path;
    EXPECT_EQ(result.error().kind, EvalError::Kind::kInvalid) << path;
  }
  EXPECT_FALSE(ReferencePath::Parse("$.a")->Insert(*ParseJson("1"), *ParseJson("2")));
  EXPECT_FALSE(ReferencePath::Parse("$.a")->Insert(*ParseJson("[]"), *ParseJson("2")));
}

TEST(InsertTest, NestingStaysReadable) {
  // A loop that wraps its output once a round must fail before the text cannot be parsed again.
  Json value = *ParseJson("[]");
  const auto wrap = *ReferencePath::Parse("$.a");
  std::size_t rounds = 0;
  for (; rounds < 1000; rounds++) {
    const auto wrapped = wrap.Insert(Json::EmptyObject(), value);
    if (!wrapped) {
      EXPECT_EQ(wrapped.error().kind, EvalError::Kind::kTooLarge);
      break;
    }
    value = *wrapped;
    ASSERT_TRUE(ParseJson(PrintJson(*value)));
  }
  EXPECT_EQ(rounds, kJsonDepthMax - 1);
}

}  // namespace
}  // namespace towline::jsonpath
