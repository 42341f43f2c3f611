// The only file that knows toml++: its tree into ours.

#include <toml++/toml.h>

#include <algorithm>
#include <array>

#include "config/document.hpp"
#include "config/source_text.hpp"

namespace lshost::config {
namespace {

// Nothing that we know is nested deeper; what is, gets an empty table in its place, and is refused where it hangs.
constexpr int kDepthMax = 16;

Location location_of(const toml::source_position& position) { return {position.line, position.column}; }

Node convert(const toml::node& from, int depth);

Table convert_table(const toml::table& from, int depth) {
  Table table;
  if (depth > kDepthMax) return table;
  for (const auto& [key, value] : from)
    table.members.push_back({std::string(key.str()), location_of(key.source().begin), convert(value, depth + 1)});
  // toml++ sorts by name. A key that a header repeats ([a.b], [a.c]) stands where it came first.
  std::ranges::stable_sort(table.members, {}, &Member::key_location);
  return table;
}

std::vector<Node> convert_array(const toml::array& from, int depth) {
  std::vector<Node> nodes;
  if (depth > kDepthMax) return nodes;
  for (const auto& value : from) nodes.push_back(convert(value, depth + 1));
  return nodes;
}

Node convert(const toml::node& from, int depth) {
  Node node;
  node.location = location_of(from.source().begin);
  node.end = location_of(from.source().end);
  if (const auto* text = from.as_string()) node.data = text->get();
  if (const auto* number = from.as_integer()) node.data = number->get();
  if (const auto* number = from.as_floating_point()) node.data = number->get();
  if (const auto* flag = from.as_boolean()) node.data = flag->get();
  if (from.is_date() || from.is_time() || from.is_date_time()) node.data = Date{};
  if (const auto* array = from.as_array()) node.data = convert_array(*array, depth);
  if (const auto* table = from.as_table()) node.data = convert_table(*table, depth);
  return node;
}

constexpr std::size_t kMessageLengthMax = 300;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// For the slips that people make most often, how to mend them.
std::string_view hint_for(std::string_view message) {
  constexpr std::array kValueParts{"parsing value", "parsing boolean", "integer: expected", "floating-point: expected",
                                   "parsing date",  "parsing time"};
  const auto is_in_message = [&](std::string_view part) { return contains(message, part); };
  if (std::ranges::any_of(kValueParts, is_in_message))
    return "; hint: text, durations and sizes stand in quotes: \"1h30m\".";
  if (contains(message, "unknown escape sequence"))
    return "; hint: write \\\\ for a backslash, or put the string in single quotes.";
  if (contains(message, "control characters other than TAB")) return "; hint: is the closing quote missing?";
  return "";
}

/// "Error while parsing string: ..." in the form of our messages.
std::string message_of(const toml::parse_error& error) {
  std::string message = clean(error.description(), kMessageLengthMax);  // it quotes the text as it is
  if (message.starts_with('E')) message.front() = 'e';
  return message.append(hint_for(message));
}

}  // namespace

Document parse_document(std::string_view text) {
  Document document;
  if (const auto deep = find_deep_key(text)) {
    document.mistake = Diagnostic{*deep, "a key of this many parts is more than anybody means"};
    return document;
  }
  try {
    document.root = convert_table(toml::parse(text), 0);
  } catch (const toml::parse_error& error) {
    document.mistake = Diagnostic{location_of(error.source().begin), message_of(error)};
  }
  return document;
}

}  // namespace lshost::config
