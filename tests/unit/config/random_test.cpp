// Goal: whatever bytes are given as a configuration, the answer is a configuration or mistakes that can be shown; no
// crash, no secret, nothing that harms a terminal.
// Method: random bytes, random pieces of TOML, and a good file that is damaged at random places, from fixed seeds.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <random>

#include "config/config.hpp"
#include "config/source_text.hpp"

using namespace lshost::config;

namespace {

using Random = std::mt19937_64;

constexpr std::string_view kSecretLine = "  secret-access-key = \"hunter2-hunter2\"\n";

constexpr std::string_view kGood = R"(# a comment, with ünïcödé
plugin-path = ["/usr/lib/lshost/plugins", 'more']
shutdown-timeout = "30s"
[log]
level = "info"
format = "text"
[[database]]
path = "/var/lib/app/app.db"
checkpoint-interval = "1m"
min-checkpoint-pages = 1_000
shadow-wal-limit = "4GiB"
exclusive-checkpoints = true
  [[database.replica]]
  type = "file"
  path = "/backups/$${app}"
  retention = "168h"
  [[database.replica]]
  type = "s3"
  port = 0x1F90
  ratio = 6.5e-1
  hosts = ["a", "b", # c
    "\u00e9"]
  note = """
two
lines"""
  inline.key = { a = 1, "b c" = [1979-05-27T07:32:00Z, nan] }
)";

const std::vector<KeySpec> kSpecs{{.key = "path", .required = true},
                                  {.key = "port", .type = KeyType::integer},
                                  {.key = "hosts", .list = true},
                                  {.key = "secret-access-key", .secret = true}};

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

std::string random_bytes(Random& random, std::size_t size) {
  std::string text(size, '\0');
  std::ranges::generate(text, [&] { return static_cast<char>(random() & 0xFFU); });
  return text;
}

std::string random_piece(Random& random) {
  static const std::array<std::string, 44> kPieces{"[",
                                                   "]",
                                                   "[[",
                                                   "]]",
                                                   "{",
                                                   "}",
                                                   "=",
                                                   ",",
                                                   ".",
                                                   "\"",
                                                   "'",
                                                   "\"\"\"",
                                                   "'''",
                                                   "\n",
                                                   "\r\n",
                                                   "\t",
                                                   " ",
                                                   "#",
                                                   "\\",
                                                   "\\u0024",
                                                   "${",
                                                   "}",
                                                   "$",
                                                   "$$",
                                                   "${A}",
                                                   "5",
                                                   "-1",
                                                   "1e9",
                                                   "0x",
                                                   "true",
                                                   "nan",
                                                   "1h",
                                                   "4GiB",
                                                   "2020-01-0",
                                                   "path",
                                                   "type",
                                                   "replica",
                                                   "database",
                                                   "[[database]]\n",
                                                   "[[database.replica]]\n",
                                                   "[log]\n",
                                                   "\xC3\xA9",
                                                   "\xE2\x80\xAE",
                                                   std::string(1, '\0')};
  return kPieces.at(below(random, kPieces.size()));
}

std::string random_pieces(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += random_piece(random);
  return text;
}

/// One change at a random place.
void damage(Random& random, std::string& text) {
  const auto at = below(random, text.size() + 1);
  const auto size = below(random, std::min<std::size_t>(text.size() - at, 20) + 1);
  switch (random() % 5) {
    case 0:
      text.erase(at, size);
      break;
    case 1:
      text.insert(at, random_piece(random));
      break;
    case 2:
      text.replace(at, size, random_bytes(random, size));
      break;
    case 3:
      text.insert(at, text.substr(below(random, text.size() + 1), below(random, 60)));
      break;
    default:
      text.resize(at);
      break;
  }
}

bool is_clean(const std::string& shown) {
  const bool has_control = std::ranges::any_of(
      shown, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F; });
  return !has_control && !first_bad_utf8(shown);
}

void check_config(const Config& config) {
  CHECK_FALSE(config.databases.empty());
  for (const auto& database : config.databases) {
    CHECK(database.path.starts_with('/'));
    CHECK(database.meta_path.starts_with('/'));
    CHECK(database.min_checkpoint_pages >= 1);
    CHECK(database.shadow_wal_limit_bytes >= std::uint64_t{1} << 20);
    CHECK_FALSE(database.replicas.empty());
    for (const auto& replica : database.replicas) {
      CHECK_FALSE(replica.type.empty());
      CHECK_FALSE(replica.name.empty());
    }
  }
}

void check_any(const std::string& text) {
  auto loaded = load_text(text, "replicas.toml", "/etc/lshost");
  check_all(loaded, [](const ReplicaConfig&, std::vector<Diagnostic>&) { return std::optional(kSpecs); });
  const SourceText source(loaded.text);
  const auto shown = format_mistakes(loaded);
  CAPTURE(text, shown);
  CHECK(is_clean(shown));
  CHECK(std::ranges::is_sorted(loaded.mistakes, {}, &Diagnostic::location));
  for (const auto& mistake : loaded.mistakes) {
    CHECK(mistake.location.line >= 1);
    CHECK(mistake.location.line <= source.line_count());
    CHECK(mistake.location.column >= 1);
    CHECK_FALSE(mistake.message.empty());
  }
  if (is_usable(loaded)) check_config(loaded.config);
}

}  // namespace

TEST_CASE("config: random bytes", "[config][random]") {
  Random random(1);
  for (int i = 0; i < 1500; ++i) check_any(random_bytes(random, below(random, 300)));
}

TEST_CASE("config: random pieces of TOML", "[config][random]") {
  Random random(2);
  for (int i = 0; i < 2000; ++i) check_any(random_pieces(random, below(random, 40)));
}

TEST_CASE("config: a good file, damaged", "[config][random]") {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string text = std::string(kGood) + std::string(kSecretLine);
    for (auto changes = below(random, 4) + 1; changes > 0; --changes) damage(random, text);
    check_any(text);
  }
}

TEST_CASE("config: a good file, cut at every byte", "[config][random]") {
  const auto text = std::string(kGood) + std::string(kSecretLine);
  for (std::size_t size = 0; size <= text.size(); ++size) check_any(text.substr(0, size));
}

// Method: damage what stands before and behind the line with the secret, but not that line.
TEST_CASE("config: no damage elsewhere brings a secret to light", "[config][random][secrets]") {
  Random random(4);
  for (int i = 0; i < 3000; ++i) {
    const auto split = kGood.find('\n', below(random, kGood.size() - 1)) + 1;
    std::string before(kGood.substr(0, split));
    std::string behind(kGood.substr(split));
    damage(random, before);
    damage(random, behind);
    const auto text = fmt::format("{}{}{}", before, kSecretLine, behind);
    const auto loaded = load_text(text, "replicas.toml", "/etc/lshost");
    const auto shown = format_mistakes(loaded);
    CAPTURE(text, shown);
    CHECK(shown.find("hunter2") == std::string::npos);
  }
}
