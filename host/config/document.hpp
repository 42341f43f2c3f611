#pragma once
// What a TOML text says, in file order and with places, free of the library that read it.
//
// This file knows no key and no meaning; only parse_toml.cpp knows toml++.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace lshost::config {

struct Member;
struct Node;

struct Table {
  std::vector<Member> members;  ///< in file order, keys unique
};

/// A date, a time, or both. No key of ours takes one, so which it is does not matter.
struct Date {};

struct Node {
  std::variant<std::string, std::int64_t, double, bool, Date, std::vector<Node>, Table> data;
  Location location = {};   ///< of the first character; for a table its header's or its brace's
  Location end = {};        ///< just behind the last character
  bool is_broken = false;   ///< a mistake in it is already reported: say nothing more about the value
  bool is_private = false;  ///< holds text from the environment, which nobody prints
};

struct Member {
  std::string key;
  Location key_location;
  Node node;
};

/// Either the tables of the text, or the first mistake in its grammar.
struct Document {
  Table root;
  std::optional<Diagnostic> mistake;
};

/// Parses TOML 1.0. `text` is UTF-8 (see first_bad_utf8). Never throws but bad_alloc; bounded recursion for any text.
[[nodiscard]] Document parse_document(std::string_view text);

/// The place of the first key with more parts than any sane text has. toml++ makes a table of each part, and destroys
/// nested tables by recursion: a key of 100,000 parts would overflow the stack.
[[nodiscard]] std::optional<Location> find_deep_key(std::string_view text) noexcept;

}  // namespace lshost::config
