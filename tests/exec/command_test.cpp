// Goal: what a configuration says is what a program gets, word by word; and a listing is taken as it was printed.

#include "command.hpp"

#include <catch2/catch.hpp>
#include <lshost/cpp/error.hpp>
#include <random>

#include "last_words.hpp"
#include "listing.hpp"

using namespace lshost::exec;
using Catch::Contains;
using lshost::v1::Error;

namespace {

using Words = std::vector<std::string>;
const std::vector<std::string_view> kKnown{"name", "size"};

Words filled(const Words& words) {
  return CommandTemplate("put", words, kKnown).fill({{"name", "a b;$(c)"}, {"size", "5"}});
}

/// "size:name " of each, whatever the pieces are in which the text comes.
std::string listed(const std::string& text, std::size_t piece, const std::string& separator = "\t") {
  std::string all;
  ListParser parser(separator, [&](const Listed& one) { all += std::to_string(one.size) + ":" + one.name + " "; });
  for (std::size_t at = 0; at < text.size(); at += piece) parser.take(std::string_view(text).substr(at, piece));
  parser.finish();
  return all;
}

}  // namespace

TEST_CASE("exec command: placeholders are replaced within their words, and words stay words", "[exec]") {
  CHECK(filled({"p", "{name}", "x{name}y{size}", "{size}{size}"}) == Words{"p", "a b;$(c)", "xa b;$(c)y5", "55"});
  CHECK(filled({"p", "", " ", "$HOME", "*"}) == Words{"p", "", " ", "$HOME", "*"});
  CHECK(filled({"p", "{{name}}", "${{x}}", "{{{name}}}"}) == Words{"p", "{name}", "${x}", "{a b;$(c)}"});
  CHECK(CommandTemplate("put", {"p", "-{name}"}, kKnown).uses("name"));
  CHECK_FALSE(CommandTemplate("put", {"p", "{{name}}"}, kKnown).uses("name"));
}

TEST_CASE("exec command: what can not be meant is refused with the key and what to write", "[exec]") {
  const auto refusal = [](const Words& words) {
    try {
      (void)CommandTemplate("put", words, kKnown);
    } catch (const Error& e) {
      CHECK(e.Code() == LSHOST_E_CONFIG);
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK_THAT(refusal({}), Contains("put: expected a program"));
  CHECK_THAT(refusal({"", "x"}), Contains("put: expected a program"));
  CHECK_THAT(refusal({"p", "{nmae}"}), Contains("no placeholder {nmae} here; known: {name}, {size}"));
  for (const auto* word : {"{name", "name}", "{", "}", "a{b", "{}}"}) {
    CAPTURE(word);
    CHECK_THAT(refusal({"p", word}), Contains("put: "));
  }
  CHECK_THAT(refusal({"p", std::string("a\0b", 3)}), Contains("NUL"));
}

TEST_CASE("exec listing: lines come as they were printed, however the pipe cuts them", "[exec]") {
  const std::string text = "5\ta/b.lz4\n0\tc\r\n\n18446744073709551615\t./d-e_F\n7\tlast";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece);
    CHECK(listed(text, piece) == "5:a/b.lz4 0:c 18446744073709551615:d-e_F 7:last ");
  }
  CHECK(listed("5;a\n", 2, ";") == "5:a ");
  CHECK(listed("5 - a\n", 2, " - ") == "5:a ");
  CHECK(listed("-1\tfolder/\n3\tfolder/\n3\twith blank\n3\t\xc3\xa4\n3\tgood", 100) == "3:good ");
  CHECK(listed("", 1).empty());
}

TEST_CASE("exec listing: a name that leads elsewhere is no object's", "[exec]") {
  CHECK(listed("1\t../a\n2\ta/../b\n3\t/etc/passwd\n4\ta//b\n5\t./../c\n6\t.\n7\ta/.\n8\t..\n9\ta/..b/c.\n", 100) ==
        "9:a/..b/c. ");
}

TEST_CASE("exec listing: what is no listing is refused with the line", "[exec]") {
  for (const std::string text : {"a\n", "5 a\n", "\ta\n", "5\n", "-5\ta\n", "18446744073709551616\ta\n", "5.0\ta\n",
                                 "total 5\n", "1\tgood\nERROR: no\n"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(listed(text, 3), Contains("list: expected lines of size, a tab and name, found '"));
  }
  CHECK_THROWS_AS(listed(std::string(1 << 20, '5'), 4096), Error);  // does not fill the memory
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 5000; ++i) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = "\t\n0123a/\xff"[random() % 10];
    try {
      (void)listed(text, 7);
    } catch (const Error& e) {
      CHECK(e.Code() == LSHOST_E_CORRUPT);
    }
  }
}

TEST_CASE("exec last words: the last lines, on one line, without secrets", "[exec]") {
  const auto said = [](const std::string& text, const std::vector<std::string>& secrets = {}) {
    LastWords words;
    for (const char c : text) words.take({&c, 1});
    return words.sentence(secrets);
  };
  CHECK(said("one\ntwo\n\nthree\nfour\x01\r\n\n") == "two; three; four ");
  CHECK(said("").empty());
  CHECK(said(" \n\n").empty());
  const auto secrets = secrets_of({"A=hunter2", "B=hunter2-more", "C=no", "D="});
  CHECK(secrets == std::vector<std::string>{"hunter2-more", "hunter2"});
  CHECK(said("key hunter2-more and hunter2, no\n", secrets) == "key *** and ***, no");
  CHECK(said(std::string(100'000, 'x') + "\nend\n").size() < 700);
}
