#pragma once
// One table of the file against the keys that it may have.

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/assert.hpp"
#include "config/schema.hpp"
#include "config/values.hpp"

namespace lshost::config {

/// Example:
///     TableReader reader(Scope::database, node.table, node.location, mistakes);
///     reader.read("path", config.path, as_text);
///     reader.report_unknown();
///
/// Ownership: borrows the table and the mistakes.  Threads: one.  Errors: reported, never thrown.
class TableReader {
 public:
  TableReader(Scope scope, const Table& table, Location header, Mistakes& mistakes)
      : scope_(scope), table_(table), header_(header), mistakes_(mistakes) {}

  /// nullptr: absent. REQUIRES: `key` is one of the host's in this scope.
  [[nodiscard]] const Member* find(std::string_view key) const {
    LSHOST_ASSERT(find_host_key(scope_, key) != nullptr);
    for (const auto& member : table_.members) {
      if (member.key == key) return &member;
    }
    return nullptr;
  }

  /// The same; reports at the header if it is absent.
  [[nodiscard]] const Member* require(std::string_view key, std::string_view example) const {
    const auto* member = find(key);
    if (member == nullptr)
      report(header_, fmt::format("{} without '{}'; hint: add {} = {}", name_of(scope_), key, key, example));
    return member;
  }

  /// into = convert(key, node, arguments..., mistakes), if the key is there and its value is good.
  template <class T, class Convert, class... Arguments>
  void read(std::string_view key, T& into, Convert&& convert, Arguments&&... arguments) const {
    const auto* member = find(key);
    if (member == nullptr) return;
    if (auto value = convert(key, member->node, std::forward<Arguments>(arguments)..., mistakes_))
      into = static_cast<T>(*std::move(value));
  }

  void report_unknown() const {
    const auto known = keys_of(scope_);
    for (const auto& member : table_.members) {
      if (find_host_key(scope_, member.key) == nullptr)
        report(member.key_location, unknown_key(scope_, member.key, known));
    }
  }

  void report(Location location, std::string message) const { mistakes_.push_back({location, std::move(message)}); }

 private:
  Scope scope_;
  const Table& table_;
  Location header_;
  Mistakes& mistakes_;
};

}  // namespace lshost::config
