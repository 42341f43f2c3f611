#include "config/interpolate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace lshost::config {
namespace {

constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

bool is_name(std::string_view text) {
  const bool starts_well = !text.empty() && !(text.front() >= '0' && text.front() <= '9');
  return starts_well && text.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

class Expander {
 public:
  explicit Expander(const Lookup& lookup) : lookup_(lookup) {}

  Expansion run(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
      const auto dollar = std::min(text.find('$', at), text.size());
      out_.text += text.substr(at, dollar - at);
      at = dollar;
      if (at < text.size()) at += take_dollar(text.substr(at), at);
    }
    return std::move(out_);
  }

 private:
  /// Takes what `text`, which begins with a dollar, begins with; returns its size.
  std::size_t take_dollar(std::string_view text, std::size_t offset) {
    const bool is_literal = text.starts_with("$$");
    if (is_literal || !text.starts_with("${")) {
      out_.text += '$';
      return is_literal ? 2 : 1;
    }
    const auto close = text.find('}');
    const auto name = text.substr(2, std::min(close, text.size()) - 2);
    if (close == std::string_view::npos || !is_name(name)) {
      out_.faults.push_back(
          {offset, "malformed variable: expected ${NAME}; hint: \"$${\" stands for a literal \"${\"."});
      return 2;
    }
    put_in(std::string(name), offset);
    return close + 1;
  }

  void put_in(const std::string& name, std::size_t offset) {
    const auto value = lookup_(name);
    if (!value) out_.faults.push_back({offset, fmt::format("environment variable {} is not set", quoted(name))});
    out_.text += value.value_or("");
    out_.is_expanded = true;
  }

  const Lookup& lookup_;
  Expansion out_;
};

class DocumentExpander {
 public:
  DocumentExpander(const SourceText& source, const Lookup& lookup, std::vector<Diagnostic>& mistakes)
      : source_(source), lookup_(lookup), mistakes_(mistakes) {}

  void visit(Table& table) {
    for (auto& member : table.members) visit(member.node);
  }

 private:
  void visit(Node& node) {
    if (auto* table = std::get_if<Table>(&node.data)) visit(*table);
    if (auto* array = std::get_if<std::vector<Node>>(&node.data)) {
      for (auto& element : *array) visit(element);
    }
    if (auto* text = std::get_if<std::string>(&node.data)) visit(node, *text);
  }

  void visit(Node& node, std::string& text) {
    auto expansion = expand(text, lookup_);
    report(node, expansion.faults);
    // The text goes through C interfaces (files, plugins), which would silently use what stands before the NUL.
    const bool has_nul = expansion.text.find('\0') != std::string::npos;
    if (has_nul) mistakes_.push_back({node.location, "a text with a NUL character in it"});
    node.is_broken = has_nul || !expansion.faults.empty();
    node.is_private = expansion.is_expanded;
    text = std::move(expansion.text);
  }

  void report(const Node& node, const std::vector<Expansion::Fault>& faults) {
    if (faults.empty()) return;
    // Escapes shift offsets. The source of the string, expanded as it stands, has the faults at the right ones; unless
    // an escape makes a dollar, and then the string's begin is near enough.
    const auto begin = source_.offset_of(node.location);
    const auto raw = source_.slice(begin, source_.offset_of(node.end));
    const auto in_source = expand(raw, lookup_).faults;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      const bool is_exact = in_source.size() == faults.size();
      const auto place = is_exact ? source_.location_of(begin + in_source[i].offset) : node.location;
      mistakes_.push_back({place, faults[i].message});
    }
  }

  const SourceText& source_;
  const Lookup& lookup_;
  std::vector<Diagnostic>& mistakes_;
};

}  // namespace

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Expansion expand(std::string_view text, const Lookup& lookup) { return Expander(lookup).run(text); }

void expand_all(Table& root, const SourceText& source, const Lookup& lookup, std::vector<Diagnostic>& mistakes) {
  DocumentExpander(source, lookup, mistakes).visit(root);
}

}  // namespace lshost::config
