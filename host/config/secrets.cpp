#include "config/secrets.hpp"

#include <algorithm>
#include <array>

namespace lshost::config {
namespace {

constexpr std::array<std::string_view, 14> kTellingParts{
    "secret",    "passw",       "passphrase", "token",  "credential", "private",        "access-key",
    "accesskey", "account-key", "api-key",    "apikey", "sas-",       "encryption-key", "signing-key"};

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kWordCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

void collect(const Table& table, bool is_inside, const SourceText& source, std::vector<Secret>& secrets);

void collect(const Node& node, bool is_inside, const SourceText& source, std::vector<Secret>& secrets) {
  const Secret run{node.location, node.end};
  if (const auto* table = std::get_if<Table>(&node.data)) return collect(*table, is_inside, source, secrets);
  if (is_inside && !shows_only_a_variable(source, run)) secrets.push_back(run);
  const auto* array = std::get_if<std::vector<Node>>(&node.data);
  if (array == nullptr || is_inside) return;
  for (const auto& element : *array) collect(element, is_inside, source, secrets);
}

void collect(const Table& table, bool is_inside, const SourceText& source, std::vector<Secret>& secrets) {
  for (const auto& member : table.members)
    collect(member.node, is_inside || names_a_secret(member.key), source, secrets);
}

/// Where the value begins if a key ends at `end`: behind a quote, blanks and an equals sign, as far as they are there.
std::size_t behind_key(std::string_view line, std::size_t end) {
  const auto skip = [&](std::string_view what) { end = std::min(line.find_first_not_of(what, end), line.size()); };
  if (line.substr(end).starts_with('"') || line.substr(end).starts_with('\'')) ++end;
  skip(kBlanks);
  if (line.substr(end).starts_with('=')) ++end;
  skip(kBlanks);
  return end;
}

/// Where on the line begins what is to be hidden: behind the first word that tells of a secret. npos: nowhere.
/// Any word counts, in a key or not: in a broken text nobody knows where the keys are.
std::size_t behind_telling_word(std::string_view line) {
  for (auto at = line.find_first_of(kWordCharacters); at != std::string_view::npos;) {
    const auto end = std::min(line.find_first_not_of(kWordCharacters, at), line.size());
    if (names_a_secret(line.substr(at, end - at))) return behind_key(line, end);
    at = line.find_first_of(kWordCharacters, end);
  }
  return std::string_view::npos;
}

/// What ends the value that begins with `value`, if that may be on a later line.
std::string_view closer_of(std::string_view value) {
  for (const std::string_view delimiter : {"\"\"\"", "'''"}) {
    if (value.starts_with(delimiter)) return delimiter;
  }
  return value.starts_with('[') ? "]" : "";
}

/// From column `begins` (from 0, in bytes) to the end of the line, and the place behind it, where the parser misses
/// what it wants.
Secret rest_of_line(const SourceText& source, std::uint32_t number, std::size_t begins) {
  const auto start = source.offset_of({number, 1});
  Secret run{source.location_of(start + begins), source.location_of(start + source.line(number).size())};
  ++run.end.column;
  return run;
}

/// "# password = ...": a key that was put out of use, and its value. A '#' in a string only hides too much.
void collect_from_comments(const SourceText& source, std::vector<Secret>& secrets) {
  for (std::uint32_t number = 1; number <= source.line_count(); ++number) {
    const auto line = source.line(number);
    const auto comment = std::min(line.find('#'), line.size());
    const auto begins = behind_telling_word(line.substr(comment));
    if (begins != std::string_view::npos) secrets.push_back(rest_of_line(source, number, comment + begins));
  }
}

}  // namespace

bool names_a_secret(std::string_view key) {
  std::string folded(key);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_' || c == '.' || c == ' ') c = '-';
  }
  return std::ranges::any_of(kTellingParts, [&](auto part) { return folded.find(part) != std::string::npos; });
}

bool shows_only_a_variable(const SourceText& source, const Secret& run) {
  const auto text = source.slice(source.offset_of(run.begin), source.offset_of(run.end));
  const bool is_quoted = text.size() > 2 && (text.starts_with('"') || text.starts_with('\''));
  if (!is_quoted) return false;
  const auto inner = text.substr(1, text.size() - 2);
  return inner.starts_with("${") && inner.find('}') == inner.size() - 1;
}

std::vector<Secret> suspect_secrets(const Table& root, const SourceText& source) {
  std::vector<Secret> secrets;
  collect(root, false, source, secrets);
  collect_from_comments(source, secrets);
  return secrets;
}

std::vector<Secret> suspect_secrets(const SourceText& source) {
  std::vector<Secret> secrets;
  std::string_view awaited;  // what ends the secret that an earlier line began
  for (std::uint32_t number = 1; number <= source.line_count(); ++number) {
    const auto line = source.line(number);
    const auto begins = awaited.empty() ? behind_telling_word(line) : std::size_t{0};
    if (begins == std::string_view::npos) continue;
    secrets.push_back(rest_of_line(source, number, begins));
    auto value = line.substr(begins);
    if (awaited.empty()) {
      awaited = closer_of(value);
      value.remove_prefix(awaited == "]" ? 1 : awaited.size());
    }
    if (value.find(awaited) != std::string_view::npos) awaited = {};
  }
  return secrets;
}

Diagnostic without_secrets(Diagnostic diagnostic, const std::vector<Secret>& secrets) {
  const auto is_in = [&](const Secret& run) {
    return run.begin <= diagnostic.location && diagnostic.location < run.end;
  };
  if (std::ranges::none_of(secrets, is_in)) return diagnostic;
  const auto quote = diagnostic.message.find(": ");
  const auto hint = diagnostic.message.find("; hint:");
  const auto head = diagnostic.message.substr(0, quote);
  diagnostic.message = head + (hint == std::string::npos ? "" : diagnostic.message.substr(hint));
  return diagnostic;
}

}  // namespace lshost::config
